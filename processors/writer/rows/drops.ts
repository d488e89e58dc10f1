import type { SignalName } from '../../../common/signals/catalogue.js';

/** The signal whose sums are packets that were dropped. */
export const DROPS: SignalName = 'packet.drops';
