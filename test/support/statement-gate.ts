import { once } from 'node:events';
import {
  createServer,
  request,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import { finished } from 'node:stream/promises';

/** What happens at one of the writing statements that pass the gate. */
export interface Interruption {
  /** Which one, from 1; reads are not counted. */
  readonly statement: number;
  /** Waited for before the store sees it; with false the store never does. */
  readonly before?: () => Promise<boolean>;
  /** Called as soon as it is sent, and not waited for. */
  readonly within?: () => Promise<void>;
  /** Waited for when the store has answered; nobody learns of the answer. */
  readonly after?: () => Promise<void>;
}

/** A way to the store on which one can stand and wait for a certain statement. */
export interface Gate {
  readonly port: number;
  /** Writing statements so far: their text and how long the store took, milliseconds. */
  readonly statements: readonly { readonly text: string; readonly ms: number }[];
  stop(): Promise<void>;
}

/** Passes HTTP requests on to the store. */
export async function startGate(storePort: number, interruption?: Interruption): Promise<Gate> {
  const statements: { text: string; ms: number }[] = [];
  let seen = 0;
  const pass = async (incoming: IncomingMessage, response: ServerResponse) => {
    const body = await read(incoming);
    const text = textOf(incoming, body);
    const writes = /^\s*(CREATE|ALTER|INSERT)\b/i.test(text);
    if (writes) seen += 1;
    const here = writes && seen === interruption?.statement ? interruption : undefined;
    if ((await here?.before?.()) === false) {
      response.destroy();
      return;
    }
    const began = performance.now();
    const answer = forward(storePort, incoming, body);
    void here?.within?.();
    const { status, headers, bytes } = await answer;
    if (writes) statements.push({ text, ms: performance.now() - began });
    if (here?.after !== undefined) {
      await here.after();
      response.destroy();
      return;
    }
    response.writeHead(status, headers).end(bytes);
  };
  const server = createServer((incoming, response) => {
    pass(incoming, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    statements,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function read(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await finished(stream);
  return Buffer.concat(chunks);
}

/** The client puts an INSERT with data into the URL, everything else into the body. */
function textOf(incoming: IncomingMessage, body: Buffer): string {
  const inUrl = new URL(incoming.url ?? '/', 'http://store').searchParams.get('query');
  return inUrl ?? body.toString('utf8');
}

interface Answer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly bytes: Buffer;
}

/** @throws Error when the store is gone before its answer is whole. */
async function forward(
  port: number,
  { method, url, headers }: IncomingMessage,
  body: Buffer,
): Promise<Answer> {
  const outgoing = request({ host: '127.0.0.1', port, method, path: url, headers: reframed(headers, body) });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.once('error', reject);
  });
  outgoing.end(body);
  const answer = await answered;
  const bytes = await read(answer);
  return { status: answer.statusCode ?? 500, headers: reframed(answer.headers, bytes), bytes };
}

/** The headers for a body that is sent whole, over a connection of its own. */
function reframed(headers: IncomingHttpHeaders, body: Buffer): OutgoingHttpHeaders {
  const kept = Object.entries(headers).filter(([name]) => name !== 'transfer-encoding');
  return { ...Object.fromEntries(kept), 'content-length': String(body.byteLength), connection: 'close' };
}
