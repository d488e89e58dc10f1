import type { Drops } from '../api/answers.js';
import { dropSteps, measuredSince } from '../charts/shape.js';
import { fill, h, setText, toggle } from '../dom.js';
import type { Live } from '../live/live.js';
import type { Snapshot, State } from '../live/state.js';
import { lastDropAt, packetsByFault } from '../words/drop-summary.js';
import { age, clock, count } from '../words/format.js';
import { completenessWords, freshnessWords, resolutionWords } from '../words/freshness.js';
import { verdictOf } from '../words/verdict.js';
import type { Voice } from '../words/voice.js';
import { voiceFor } from '../words/voice.js';
import { createAnnouncer } from './announcer.js';
import type { View } from './view.js';

const FAULT_ORDER = ['customer', 'platform', 'external', 'unknown', 'normal'] as const;

/** The answer in words, the packets on each side, and how fresh and how complete all of it is. */
export function createVerdict(live: Live): View & { focus(): void } {
  const question = h('p', { class: 'eyebrow' });
  const headline = h('h1', { tabindex: -1 });
  const sentence = h('p', { class: 'lead' });
  const sides = h('dl', { class: 'sides' });
  const announcer = createAnnouncer();
  const trust = createTrustLine(live);
  const element = h(
    'section',
    { class: 'verdict', 'aria-labelledby': 'headline' },
    question,
    headline,
    sentence,
    sides,
    trust.element,
    announcer.element,
  );
  headline.id = 'headline';
  return {
    element,
    focus: () => headline.focus(),
    tick: () => trust.tick(),
    update: (state) => {
      trust.update(state);
      toggle(element, 'data-loading', state.loading);
      const voice = voiceFor(state.role, state.customer ?? 'the customer');
      setText(question, voice.question);
      const { snapshot } = state;
      if (snapshot?.drops === undefined) {
        showWaiting(state, headline, sentence, sides);
        return;
      }
      const since = measuredSince(dropSteps(snapshot.drops));
      const verdict = verdictOf(snapshot.drops, snapshot.range, voice, since);
      const recent = recency(snapshot, snapshot.drops, Date.now() + state.clockOffsetMs);
      setText(headline, verdict.headline);
      setText(sentence, recent === '' ? verdict.sentence : `${verdict.sentence} ${recent}`);
      showSides(sides, snapshot.drops, voice);
      document.title = `${snapshot.customer}: ${verdict.headline} Bellwether`;
      announcer.say(
        `${snapshot.customer}/${snapshot.range.id}/${verdict.headline}`,
        `${verdict.headline} ${verdict.sentence}`,
      );
    },
  };
}

function showWaiting(state: State, headline: Element, sentence: Element, sides: Element): void {
  fill(sides);
  if (state.customer === undefined) {
    setText(headline, 'No customer yet.');
    setText(sentence, 'Nobody owns anything that is measured. Add a rule to owners.d, and it shows up here.');
  } else if (state.problem === undefined) {
    setText(headline, 'Looking …');
    setText(sentence, '');
  } else {
    setText(headline, 'We cannot tell.');
    setText(sentence, 'No answer has come yet.');
  }
}

/** When it last happened tells whether it still does. */
function recency(snapshot: Snapshot, drops: Drops, now: number): string {
  const last = lastDropAt(drops, now);
  if (last === null) return '';
  const known = drops.freshness ?? now;
  const stillOn = known - last < 2 * snapshot.range.stepSeconds * 1_000;
  return stillOn ? 'It is still going on.' : `The last was at ${clock(last)}, ${age(now - last)}.`;
}

function showSides(element: Element, drops: Drops, voice: Voice): void {
  if (drops.totals.packets === null) {
    fill(element);
    return;
  }
  const packets = packetsByFault(drops);
  const shown = FAULT_ORDER.filter(
    (fault) => packets[fault] > 0 || fault === 'customer' || fault === 'platform',
  );
  fill(
    element,
    ...shown.map((fault) =>
      h(
        'div',
        packets[fault] === 0 ? { class: 'none' } : {},
        h('dt', {}, voice.fault[fault]),
        h('dd', {}, count(packets[fault])),
      ),
    ),
  );
}

/** "Complete up to 18:24:05, 4 s ago · all 180 host windows arrived, nothing lost · Pause" */
function createTrustLine(live: Live): Required<View> {
  const freshness = h('span', { class: 'freshness' });
  const completeness = h('span', { class: 'completeness' });
  const resolution = h('span', { class: 'resolution' });
  const pause = h('button', { type: 'button', class: 'quiet' });
  const element = h('div', { class: 'trust' }, freshness, completeness, resolution, pause);
  let state: State | undefined;
  pause.addEventListener('click', () => live.setPaused(state?.paused !== true));
  const tick = (): void => {
    const answer = state?.snapshot?.drops ?? state?.snapshot?.rtt;
    if (state === undefined || answer === undefined) return;
    const fresh = freshnessWords(answer.freshness, Date.now() + state.clockOffsetMs);
    const complete = completenessWords(answer.completeness);
    setText(freshness, fresh.text);
    setText(completeness, complete.text);
    setText(resolution, resolutionWords(answer.resolution));
    toggle(resolution, 'hidden', resolution.textContent === '');
    toggle(freshness, 'data-doubt', fresh.late);
    toggle(completeness, 'data-doubt', !complete.whole);
  };
  return {
    element,
    tick,
    update: (next) => {
      state = next;
      toggle(freshness, 'data-live', !next.paused && next.problem === undefined);
      setText(pause, next.paused ? 'Resume updates' : 'Pause updates');
      if (next.snapshot === undefined) for (const part of [freshness, completeness, resolution]) fill(part);
      tick();
    },
  };
}
