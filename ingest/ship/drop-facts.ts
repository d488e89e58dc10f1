import { classify, faultOf, type Cause, type Fault, type DropPlace } from '../../common/taxonomy/index.js';
import type { Owner } from '../../common/wire/batch.js';
import { Way, type SubjectFrame } from '../../common/wire/frames.gen.js';
import type { Attribution } from '../attribute/attributor.js';
import { placeName, wayName } from '../source/names.js';

/** Whose a subject is and where it is, as a window's attribution answers it. */
export interface Attribute {
  of(subject: SubjectFrame): Attribution;
  inHostNetns(subject: SubjectFrame): boolean;
}

export interface DropFacts {
  readonly owner: Owner;
  readonly reason: string;
  readonly cause: Cause;
  readonly fault: Fault;
  readonly place: DropPlace;
  readonly way: string;
}

/** A drop in words: its owner, cause and fault. */
export function dropFacts(
  drop: { readonly subject: SubjectFrame; readonly place: number; readonly way: number },
  reason: string,
  attribute: Attribute,
): DropFacts {
  const { owner, by } = attribute.of(drop.subject);
  const cause = classify(reason);
  const place = placeName(drop.place);
  const inHostNetns = attribute.inHostNetns(drop.subject);
  const bySocket = drop.way === Way.RxSocket || drop.way === Way.Socket;
  const fault = faultOf(cause, place, {
    owned: by !== 'none',
    inHostNetns,
    // A cgroup of theirs outside the host's namespace is a container with a namespace of its own.
    inOwnersNetns: by === 'netns' || (by === 'cgroup' && !inHostNetns),
    ownersSocket: by === 'netns' || (by === 'cgroup' && bySocket),
  });
  // The prefix decided whose it is, so it is the way, whatever else the kernel knew of the packet.
  return {
    owner,
    reason,
    cause,
    fault,
    place,
    way: by === 'prefix' ? wayName(Way.Prefix) : wayName(drop.way),
  };
}
