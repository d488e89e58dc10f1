import { dirname, join } from 'node:path';
import { startPart, type Part } from '../part.js';
import { SETTINGS, type SenderInput } from './sender-settings.js';

/**
 * Starts a sending process. It ends with 0 when all is acknowledged; what it says goes to `sender.log` beside the
 * file of acknowledgements.
 */
export function startSender(input: SenderInput): Part {
  const log = join(dirname(input.acknowledgedFile), 'sender.log');
  return startPart('test/support/fleet/sender.js', log, { [SETTINGS]: JSON.stringify(input) });
}
