/** A mistake that somebody could make in the product, put in from outside; the schedules must find it. */
export interface Planted<Member> {
  readonly name: string;
  /** The invariants that it may break; breaking another one would say that the model is wrong. */
  readonly breaks: readonly string[];
  readonly plant: (member: Member) => void;
}
