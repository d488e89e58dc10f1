import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { BellwetherError, messageOf } from '../../common/runtime/errors.js';

export interface UpOptions {
  readonly help: boolean;
  readonly demo: boolean;
  readonly detach: boolean;
  /** Absolute path of recorded frames to read in place of this kernel. */
  readonly replay: string | undefined;
  readonly agent: boolean;
  readonly writer: boolean;
  readonly rollup: boolean;
  readonly receiver: boolean;
  readonly api: boolean;
}

export const UP_USAGE = `npm run up -- [--demo] [--detach] [--replay FILE] [--no-PART…]
  --demo         two customers, acme and globex, in network namespaces with traffic between them
  --detach       return when all is ready; the stack goes on in the background
  --replay FILE  read recorded frames in place of this machine's kernel
  --no-agent, --no-writer, --no-rollup, --no-receiver, --no-api  leave that part out`;

/** @throws BellwetherError `config_invalid` that shows the usage. */
export function parseUpOptions(parameters: readonly string[]): UpOptions {
  try {
    const { values } = parseArgs({
      args: [...parameters],
      options: {
        help: { type: 'boolean', default: false },
        demo: { type: 'boolean', default: false },
        detach: { type: 'boolean', default: false },
        replay: { type: 'string' },
        'no-agent': { type: 'boolean', default: false },
        'no-writer': { type: 'boolean', default: false },
        'no-rollup': { type: 'boolean', default: false },
        'no-receiver': { type: 'boolean', default: false },
        'no-api': { type: 'boolean', default: false },
      },
    });
    const replay = values.replay === undefined ? undefined : resolve(values.replay);
    if (replay !== undefined && !existsSync(replay)) throw new Error(`--replay: there is no file ${replay}`);
    return {
      help: values.help,
      demo: values.demo,
      detach: values.detach,
      replay,
      agent: !values['no-agent'],
      writer: !values['no-writer'],
      rollup: !values['no-rollup'],
      receiver: !values['no-receiver'],
      api: !values['no-api'],
    };
  } catch (error) {
    throw new BellwetherError('config_invalid', `${messageOf(error)}\n${UP_USAGE}`);
  }
}
