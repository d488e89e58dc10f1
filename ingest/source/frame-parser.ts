import { BellwetherError } from '../../common/runtime/errors.js';
import { ABI_VERSION, decodeFrameHeader, FRAME_HEADER_SIZE } from '../../common/wire/frames.gen.js';
import { LAYOUTS, type Frame } from './frame.js';

const NOTHING = new Uint8Array(0);

/**
 * Frames out of a byte stream that comes in pieces of any size. It holds back at most one incomplete frame,
 * whose length is bounded by the longest layout; what does not fit a layout is an error at once, because
 * after it nothing says where the next frame begins.
 */
export class FrameParser {
  #rest: Uint8Array = NOTHING;
  #offset = 0;

  /**
   * The frames that `chunk` completes.
   * @throws BellwetherError `frame_invalid` that names the offset in the stream, the type and what was expected.
   */
  *push(chunk: Uint8Array): Generator<Frame> {
    const bytes = this.#rest.length === 0 ? chunk : concat(this.#rest, chunk);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#rest = NOTHING;
    let at = 0;
    while (bytes.length - at >= FRAME_HEADER_SIZE) {
      const header = decodeFrameHeader(view, at);
      const layout = this.#layoutOf(header);
      const end = at + FRAME_HEADER_SIZE + header.length;
      if (end > bytes.length) break;
      yield { ...layout.decode(view, at + FRAME_HEADER_SIZE), raw: bytes.subarray(at, end) };
      this.#offset += end - at;
      at = end;
    }
    // A copy: the chunk's buffer may be a pool's, and must not be held for a few bytes.
    this.#rest = bytes.slice(at);
  }

  /** Bytes of a frame that is not complete; at the end of a stream that means it was cut. */
  get pendingBytes(): number {
    return this.#rest.length;
  }

  #layoutOf(header: { length: number; type: number; abiVersion: number }) {
    const where = `frame at byte ${this.#offset} of the stream, type ${header.type}`;
    if (header.abiVersion !== ABI_VERSION) {
      throw new BellwetherError(
        'frame_invalid',
        `${where}: layout version ${header.abiVersion}, this agent reads ${ABI_VERSION}; use loader and agent of one build`,
      );
    }
    const layout = LAYOUTS.get(header.type);
    if (layout === undefined) {
      throw new BellwetherError('frame_invalid', `${where}: the loader sends no frame of this type`);
    }
    if (header.length !== layout.size) {
      throw new BellwetherError(
        'frame_invalid',
        `${where}: ${header.length} bytes, ${layout.size} were expected`,
      );
    }
    return layout;
  }
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}
