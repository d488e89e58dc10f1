/** Drop reason → cause → fault → one sentence of explanation and one of remedy. */
export { CAUSES, PLATFORM_WORDS, isCause, isFault, wordsOf } from './causes.js';
export type { Cause, CauseEntry, Fault, Words } from './causes.js';
export { classify, isKnownReason, knownReasons } from './reasons.js';
export { faultOf } from './fault.js';
export type { DropPlace, FaultContext } from './fault.js';
