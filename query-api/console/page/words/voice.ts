import type { Fault } from '../api/answers.js';

/** How the page speaks of the sides: to a customer "you", to an operator by the customer's name. */
export interface Voice {
  /** "your side", "acme's side" */
  readonly yourSide: string;
  /** "your own", "the customer's own" */
  readonly yourOwn: string;
  /** One word for each fault: "Yours", "Ours", … */
  readonly fault: Readonly<Record<Fault, string>>;
  /** A question that the page answers first. */
  readonly question: string;
}

export function voiceFor(role: 'customer' | 'operator', customer: string): Voice {
  const rest = {
    platform: 'Ours',
    external: 'From outside',
    normal: 'Ordinary',
    unknown: 'Unexplained',
  };
  if (role === 'operator') {
    return {
      yourSide: `${customer}’s side`,
      yourOwn: 'the customer’s own',
      fault: { ...rest, customer: `${customer}’s` },
      question: `Is it ${customer} or us?`,
    };
  }
  return {
    yourSide: 'your side',
    yourOwn: 'your own',
    fault: { ...rest, customer: 'Yours' },
    question: 'Is it you or us?',
  };
}
