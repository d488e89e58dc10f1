import { z } from 'zod';
import { BellwetherError } from '../../common/runtime/errors.js';
import type { Owner } from '../../common/wire/batch.js';
import { parsePrefix, type Prefix } from './prefix.js';

/** What a rule is about: exactly one of the four. */
export type Match =
  | { readonly kind: 'netns'; readonly path: string }
  | { readonly kind: 'cgroup'; readonly pattern: string }
  | { readonly kind: 'ifname'; readonly pattern: string }
  | { readonly kind: 'prefix'; readonly prefix: Prefix };

export type MatchKind = Match['kind'];

export interface Rule {
  readonly owner: Owner;
  readonly match: Match;
  /** `acme.json rules[0]`, for people. */
  readonly origin: string;
}

const MAX_RULES_PER_FILE = 10_000;
const KINDS = ['netns', 'cgroup', 'ifname', 'prefix'] as const;

const label = z
  .string()
  .max(128)
  .regex(/^\P{Cc}*$/u, 'must not hold control characters');
const ruleSchema = z
  .strictObject({
    // It stands in URLs and file names.
    customer: z
      .string()
      .regex(
        /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
        'must be 1 to 64 letters, digits, dots, dashes or underscores',
      ),
    app: label.default(''),
    instance: label.default(''),
    netns: z.string().min(1).max(127).optional(),
    cgroup: z.string().regex(/^\//, 'must be an absolute path or glob').max(4_096).optional(),
    // IFNAMSIZ is 16 with the terminating zero.
    ifname: z
      .string()
      .min(1)
      .max(64)
      .regex(/^[^/\s]+$/, 'must be a device name or glob')
      .optional(),
    prefix: z.string().max(64).optional(),
  })
  .superRefine((rule, context) => {
    const given = KINDS.filter((kind) => rule[kind] !== undefined);
    if (given.length !== 1) {
      const found = given.length === 0 ? 'none' : given.join(' and ');
      context.addIssue({
        code: 'custom',
        message: `needs exactly one of ${KINDS.join(', ')}; it has ${found}`,
      });
    }
    const prefix = rule.prefix === undefined ? undefined : parsePrefix(rule.prefix);
    if (typeof prefix === 'string') context.addIssue({ code: 'custom', path: ['prefix'], message: prefix });
    if (rule.netns?.includes('..') === true) {
      context.addIssue({ code: 'custom', path: ['netns'], message: 'must not hold ..' });
    }
  });
const fileSchema = z.strictObject({ rules: z.array(ruleSchema).max(MAX_RULES_PER_FILE) });

/**
 * The rules of one owners' file.
 * @throws BellwetherError `owners_invalid` that names the file, each field, and what would be right.
 */
export function parseOwnersFile(name: string, content: string): Rule[] {
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch (error) {
    throw invalid(name, [`is not JSON: ${error instanceof Error ? error.message : String(error)}`]);
  }
  const parsed = fileSchema.safeParse(json);
  if (!parsed.success) {
    throw invalid(
      name,
      parsed.error.issues.map(({ path, message }) => `${fieldOf(path)}: ${message}`),
    );
  }
  return parsed.data.rules.map((rule, index) => ({
    owner: Object.freeze({ customer: rule.customer, app: rule.app, instance: rule.instance }),
    match: matchOf(rule),
    origin: `${name} rules[${index}]`,
  }));
}

function invalid(name: string, problems: readonly string[]): BellwetherError {
  return new BellwetherError('owners_invalid', `${name}: ${problems.join('; ')}`);
}

function fieldOf(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return text === '' ? 'file' : text.replace(/^\./, '');
}

function matchOf(rule: z.output<typeof ruleSchema>): Match {
  if (rule.netns !== undefined) return { kind: 'netns', path: normalNetnsPath(rule.netns) };
  if (rule.cgroup !== undefined) return { kind: 'cgroup', pattern: rule.cgroup.replace(/\/+$/, '') };
  if (rule.ifname !== undefined) return { kind: 'ifname', pattern: rule.ifname };
  const prefix = parsePrefix(rule.prefix ?? '');
  if (typeof prefix === 'string') throw new BellwetherError('owners_invalid', prefix);
  return { kind: 'prefix', prefix };
}

/** `acme` is `/run/netns/acme`, as `ip netns` has it; /var/run is a link to /run wherever we run. */
export function normalNetnsPath(text: string): string {
  if (!text.includes('/')) return `/run/netns/${text}`;
  return text.replace(/^\/var\/run\//, '/run/').replace(/\/{2,}/g, '/');
}
