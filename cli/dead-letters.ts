import { Command } from 'commander';
import type { KafkaOptions } from '../common/kafka/client.js';
import { createProducer } from '../common/kafka/producer.js';
import { BellwetherError } from '../common/runtime/errors.js';
import { createLogger } from '../common/runtime/log.js';
import { placeText } from '../processors/dead-letters/letter.js';
import { findLetter, readPlace } from '../processors/dead-letters/one.js';
import { planReplay, replay, whyHopeless, type ReplayPlan } from '../processors/dead-letters/replay.js';
import { listLetters, SCAN_LIMIT, type LetterFilter } from '../processors/dead-letters/scan.js';
import { letterText, listText } from '../processors/dead-letters/text.js';
import { parseTime } from '../query-api/plan/time.js';
import { runningStack } from './home.js';

interface FilterOptions {
  readonly topic?: string;
  readonly reason?: string;
  readonly from?: string;
  readonly to?: string;
}

interface ReplayOptions extends FilterOptions {
  readonly dryRun?: true;
  readonly yes?: true;
  readonly again?: true;
}

const MAX_MESSAGE_BYTES = 10 * 1024 * 1024;
const print = (text: string) => process.stdout.write(`${text}\n`);

/** `bellwether dead-letters list | show | replay`: messages that the writer could not take. */
export function deadLettersCommand(): Command {
  const command = new Command('dead-letters').description('messages that could not be stored: see, replay');
  withFilter(command.command('list'))
    .description('the newest letters, with the reason')
    .option('--limit <count>', 'at most so many', '50')
    .option('--json', 'as JSON, for programs')
    .action(async (options: FilterOptions & { limit: string; json?: true }) => {
      const listing = await listLetters(kafka(), filterOf(options), readLimit(options.limit));
      print(options.json ? JSON.stringify(listing, null, 2) : listText(listing));
    });
  command
    .command('show')
    .description('one letter: reason, headers, what can be read of it, its first bytes')
    .argument('<letter>', 'its place, as `list` shows it: topic/partition/offset')
    .option('--json', 'as JSON; the value in base64')
    .action(async (text: string, options: { json?: true }) => {
      const { letter, message } = await findLetter(kafka(), readPlace(text));
      const value = message.value === null ? null : Buffer.from(message.value).toString('base64');
      print(options.json ? JSON.stringify({ ...letter, value }, null, 2) : letterText(letter, message));
    });
  withFilter(command.command('replay'))
    .description('send letters to the topic that they came from, as they were; rows land once however often')
    .argument('[letters...]', 'places, as `list` shows them; without any, those that the options choose')
    .option('--dry-run', 'say how many, send none')
    .option('--yes', 'do it, though it is more than one')
    .option('--again', 'also those that were replayed before')
    .action(replayLetters);
  return command;
}

async function replayLetters(places: readonly string[], options: ReplayOptions): Promise<void> {
  const filter = filterOf(options);
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  if (isFiltered === places.length > 0) {
    throw new BellwetherError(
      'bad_request',
      'say which: places of letters, or --topic, --reason, --from, --to',
    );
  }
  const options_ = kafka();
  const found = isFiltered
    ? (await listLetters(options_, filter, SCAN_LIMIT)).letters
    : await Promise.all(places.map(async (text) => (await findLetter(options_, readPlace(text))).letter));
  const plan = planReplay(found, options.again === true);
  const [only] = plan.hopeless;
  if (!isFiltered && only !== undefined) throw new BellwetherError('bad_request', whyHopeless(only) ?? '');
  print(planText(plan));
  if (plan.letters.length === 0 || options.dryRun === true) return;
  if (plan.letters.length > 1 && options.yes !== true) {
    throw new BellwetherError(
      'bad_request',
      `nothing sent: add --yes to replay ${lettersText(plan.letters.length)}`,
    );
  }
  await send(options_, plan);
}

async function send(options: KafkaOptions, plan: ReplayPlan): Promise<void> {
  const producer = createProducer({ ...options, maxMessageBytes: MAX_MESSAGE_BYTES });
  try {
    const { replayed, refused } = await replay(options, producer, plan.letters);
    print(`${replayed} replayed`);
    for (const { place, why } of refused) print(`${place} was not taken: ${why}`);
    if (refused.length > 0) process.exitCode = 1;
  } finally {
    await producer.stop();
  }
}

function planText({ letters, already, hopeless }: ReplayPlan): string {
  const lines = [`${lettersText(letters.length)} to replay`];
  const [first] = already;
  if (first !== undefined) {
    const when = new Date(first.replayedMs ?? 0).toISOString();
    const one = already.length === 1 ? placeText(first.place) : `${already.length}`;
    lines.push(`${one} replayed before (${when}): left out without --again`);
  }
  if (hopeless.length > 0) lines.push(`${hopeless.length} without their bytes (stub or empty): left out`);
  return lines.join('\n');
}

function lettersText(count: number): string {
  return count === 1 ? '1 letter' : `${count} letters`;
}

function withFilter(command: Command): Command {
  return command
    .option('--topic <topic>', 'signals.v1 or events.v1')
    .option('--reason <reason>', 'one word, as `list` shows it')
    .option('--from <time>', 'refused at this time or later: RFC 3339, or now-2h')
    .option('--to <time>', 'refused before this time');
}

function filterOf({ topic, reason, from, to }: FilterOptions): LetterFilter {
  const nowMs = Date.now();
  return {
    topic,
    reason,
    fromMs: from === undefined ? undefined : parseTime('--from', from, nowMs),
    toMs: to === undefined ? undefined : parseTime('--to', to, nowMs),
  };
}

function readLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= SCAN_LIMIT) return limit;
  throw new BellwetherError('bad_request', `--limit: ${text} is not a whole number from 1 to ${SCAN_LIMIT}`);
}

/** The brokers of KAFKA_BROKERS, or else those of the running stack. */
function kafka(): KafkaOptions {
  const given = process.env['KAFKA_BROKERS'];
  const brokers = given === undefined || given === '' ? runningStack().urls.kafka : given;
  // What fails is thrown and said in one sentence; the client's own lines would stand between the columns.
  return { brokers: brokers.split(','), clientId: 'bellwether-cli', log: createLogger('cli', 'silent') };
}
