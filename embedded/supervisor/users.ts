import type { NumericUser } from '../launch/launch.js';

/** Each service has a user of its own: none can read another's memory, environment or files. */
const NAMES = [
  'kafka',
  'store',
  'writer',
  'api',
  'agent',
  'schema',
  'demo',
  // New ones go to the end: the files of a home belong to the numbers of those before.
  'rollup',
  'receiver',
] as const;

export type ServiceName = (typeof NAMES)[number];

export type Users = Readonly<Record<ServiceName, NumericUser | undefined>>;

/** Numeric users from `base` on; all undefined (everybody stays who we are) when we are not root. */
export function assignUsers(base: number, isRoot: boolean): Users {
  const user = (name: ServiceName): NumericUser | undefined => {
    const id = base + NAMES.indexOf(name);
    return isRoot ? { uid: id, gid: id } : undefined;
  };
  return {
    kafka: user('kafka'),
    store: user('store'),
    writer: user('writer'),
    api: user('api'),
    agent: user('agent'),
    schema: user('schema'),
    demo: user('demo'),
    rollup: user('rollup'),
    receiver: user('receiver'),
  };
}
