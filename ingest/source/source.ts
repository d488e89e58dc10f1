import type { Frame } from './frame.js';

/** Where frames come from: the loader's socket, or a recording. */
export interface FrameSource {
  /**
   * The frames, once; reading on is what takes the next ones, so a slow reader holds the loader back.
   * Ends when the loader or the recording ends.
   * @throws BellwetherError `frame_invalid`; whatever the socket throws
   */
  frames(): AsyncIterable<Frame>;
  /** Sends a whole frame to the loader; a recording takes no notice. */
  send(frame: Uint8Array): void;
  /** Asks for the last, partial window; after it the frames end. */
  finish(): void;
  /** Ends at once. */
  close(): void;
}
