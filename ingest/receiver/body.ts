import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { BellwetherError, messageOf } from '../../common/runtime/errors.js';

const unzip = promisify(gunzip);

/**
 * The body as it was before it was packed.
 * @throws BellwetherError `unsupported_media_type`, `payload_too_large` (found before more than the limit is
 * unpacked), `bad_request` when it is no gzip.
 */
export async function unpack(
  body: Buffer,
  encoding: string | undefined,
  limitBytes: number,
): Promise<Buffer> {
  switch (encoding?.trim().toLowerCase() ?? 'identity') {
    case 'identity':
    case '':
      return body;
    case 'gzip':
      return await unpackGzip(body, limitBytes);
    default:
      throw new BellwetherError(
        'unsupported_media_type',
        'the Content-Encoding is not known here; right would be gzip or none',
      );
  }
}

async function unpackGzip(body: Buffer, limitBytes: number): Promise<Buffer> {
  try {
    return await unzip(body, { maxOutputLength: limitBytes });
  } catch (error) {
    if (error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') {
      throw tooLarge(limitBytes);
    }
    throw new BellwetherError('bad_request', `the body is no gzip: ${messageOf(error)}`, { cause: error });
  }
}

export function tooLarge(limitBytes: number): BellwetherError {
  return new BellwetherError(
    'payload_too_large',
    `the body has more than ${limitBytes} bytes; send fewer points at once`,
  );
}
