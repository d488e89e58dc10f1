import { ROLLUP_FAULTS } from './rollup-faults.js';
import type { RollupMember } from './rollup-member.js';
import { WRITER_FAULTS } from './writer-faults.js';
import type { WriterMember } from './writer-member.js';

/** What is put into each member before it starts. */
export interface Plants {
  readonly writer?: (member: WriterMember) => void;
  readonly rollup?: (member: RollupMember) => void;
}

export interface PlantedFault {
  readonly name: string;
  readonly breaks: readonly string[];
  readonly plants: Plants;
}

export const PLANTED_FAULTS: readonly PlantedFault[] = [
  ...WRITER_FAULTS.map(({ name, breaks, plant }) => ({ name, breaks, plants: { writer: plant } })),
  ...ROLLUP_FAULTS.map(({ name, breaks, plant }) => ({ name, breaks, plants: { rollup: plant } })),
];
