import { z } from 'zod';
import { BellwetherError } from '../../common/runtime/errors.js';
import type { StoredRange } from '../plan/resolution.js';
import { DROP_GROUPINGS, OPERATOR_GROUPINGS, planDrops, type DropRow } from '../plan/drops.js';
import { stepsOf } from '../plan/range.js';
import type { CustomerScope } from '../plan/scope.js';
import { formatTime } from '../plan/time.js';
import { readCoverage, readStoredSteps, readStretches, resolutionOf, type ViewContext } from './context.js';
import { explain } from './explain.js';
import {
  countOrNull,
  customerPath,
  rangeParameters,
  resolutionParameter,
  resolutions,
  stepParameter,
  sureness,
  time,
} from './schemas.js';

/** Groups × steps of one answer. */
const MAX_POINTS = 200_000;

export const dropsRequest = {
  params: customerPath,
  querystring: z.strictObject({
    ...rangeParameters,
    step: stepParameter,
    resolution: resolutionParameter,
    by: z
      .enum(DROP_GROUPINGS, `right would be one of ${DROP_GROUPINGS.join(', ')}`)
      .default('reason')
      .describe("What makes a group; host and region are open to operators' tokens only"),
  }),
};

const amounts = { packets: countOrNull, bytes: countOrNull };
const wordOrNull = z.string().nullable();
const points = z.array(z.object({ time: time.describe('Start of the step'), ...amounts }));

export const dropsAnswer = z.object({
  customer: z.string(),
  from: time.describe('Start of the first step'),
  to: time.describe('End of the last step'),
  step_seconds: z.number(),
  by: z.enum(DROP_GROUPINGS),
  ...resolutions,
  ...sureness,
  totals: z.object(amounts),
  points: points.describe(
    'All groups together; null where nothing was measured, 0 where nothing was dropped',
  ),
  groups: z.array(
    z.object({
      name: z.string().describe('The value of what is grouped by'),
      reason: wordOrNull.describe('Kernel name of the reason; null when not grouped by it'),
      cause: wordOrNull.describe('What the reason means; null when not grouped by it'),
      fault: wordOrNull.describe('Whose fault: customer, platform, external, normal or unknown'),
      explanation: wordOrNull,
      remedy: wordOrNull,
      ...amounts,
      points,
    }),
  ),
});
type DropsAnswer = z.output<typeof dropsAnswer>;
type Group = DropsAnswer['groups'][number];

/** Dropped packets and bytes per step and group, most packets first. */
export async function answerDrops(
  context: ViewContext,
  scope: CustomerScope,
  query: z.output<typeof dropsRequest.querystring>,
  signal: AbortSignal,
): Promise<DropsAnswer> {
  if (scope.audience !== 'operator' && OPERATOR_GROUPINGS.has(query.by)) {
    const open = DROP_GROUPINGS.filter((grouping) => !OPERATOR_GROUPINGS.has(grouping)).join(', ');
    throw new BellwetherError(
      'forbidden',
      `by: "${query.by}" is open to operators' tokens only; right would be one of ${open}`,
    );
  }
  const range = readStoredSteps(context, query);
  const { coveredSteps, ...sure } = await readCoverage(context, scope, range, signal);
  const stretches = await readStretches(context, range, signal);
  const rows = await context.executor.run(planDrops(scope, { by: query.by, range, stretches }), signal);
  const groups = groupsOf(rows, range, coveredSteps);
  const measured = coveredSteps.size > 0 || rows.length > 0;
  return {
    customer: scope.customer,
    from: formatTime(range.fromMs),
    to: formatTime(range.toMs),
    step_seconds: range.stepMs / 1000,
    by: query.by,
    ...resolutionOf(stretches),
    ...sure,
    totals: {
      packets: measured ? sum(groups, 'packets') : null,
      bytes: measured ? sum(groups, 'bytes') : null,
    },
    points: pointsOf(rows, stepsOf(range), coveredSteps),
    groups,
  };
}

function groupsOf(rows: readonly DropRow[], range: StoredRange, covered: ReadonlySet<number>): Group[] {
  const byGroup = new Map<string, DropRow[]>();
  for (const row of rows) {
    const key = JSON.stringify([row.name, row.reason, row.cause, row.fault]);
    const group = byGroup.get(key);
    if (group === undefined) byGroup.set(key, [row]);
    else group.push(row);
  }
  const steps = stepsOf(range);
  if (byGroup.size * steps.length > MAX_POINTS) {
    throw new BellwetherError(
      'too_many_points',
      `${byGroup.size} groups of ${steps.length} steps are more than ${MAX_POINTS} points; right would be a longer step, a shorter range or by=cause`,
    );
  }
  return [...byGroup.values()]
    .flatMap((ofGroup) => groupOf(ofGroup, steps, covered))
    .sort((a, b) => (b.packets ?? 0) - (a.packets ?? 0) || a.name.localeCompare(b.name));
}

function groupOf(rows: readonly DropRow[], steps: readonly number[], covered: ReadonlySet<number>): Group[] {
  const [first] = rows;
  if (first === undefined) return [];
  const words = { reason: first.reason || null, cause: first.cause || null, fault: first.fault || null };
  const group: Group = {
    name: first.name,
    ...words,
    ...explain(words),
    packets: sum(rows, 'packets'),
    bytes: sum(rows, 'bytes'),
    points: pointsOf(rows, steps, covered),
  };
  return [group];
}

/** What the rows come to in each step: their sum, 0 where none of a measured step is there, else null. */
function pointsOf(
  rows: readonly DropRow[],
  steps: readonly number[],
  covered: ReadonlySet<number>,
): Group['points'] {
  const byStep = new Map<number, DropRow[]>();
  for (const row of rows) byStep.set(row.step, [...(byStep.get(row.step) ?? []), row]);
  return steps.map((step) => {
    const ofStep = byStep.get(step) ?? (covered.has(step) ? [] : undefined);
    return {
      time: formatTime(step),
      packets: ofStep === undefined ? null : sum(ofStep, 'packets'),
      bytes: ofStep === undefined ? null : sum(ofStep, 'bytes'),
    };
  });
}

function sum<Key extends string>(rows: readonly Readonly<Record<Key, number | null>>[], key: Key): number {
  return rows.reduce((total, row) => total + (row[key] ?? 0), 0);
}
