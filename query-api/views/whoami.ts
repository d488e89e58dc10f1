import { z } from 'zod';
import type { Principal } from '../../common/auth/principal.js';

export const whoamiAnswer = z.object({
  role: z.enum(['customer', 'operator']),
  customer: z
    .string()
    .nullable()
    .describe('Whose paths the token opens; null for an operator, who may read all'),
});

/** What a token opens. */
export function answerWhoami(principal: Principal): z.output<typeof whoamiAnswer> {
  return { role: principal.role, customer: principal.customer };
}
