import { once } from 'node:events';
import { createServer } from 'node:http';
import { connectClickHouse, type ClickHouseClient } from '../../../common/clickhouse/connection.js';

export interface FakeStore {
  readonly client: ClickHouseClient;
  /** `table: body` of each insert that was accepted. */
  readonly accepted: { readonly table: string; readonly body: string }[];
  stop(): Promise<void>;
}

/** An HTTP server that answers inserts as ClickHouse would; `refuse` gives a code for a body, or undefined. */
export async function startFakeStore(refuse: (body: string) => number | undefined): Promise<FakeStore> {
  const accepted: { table: string; body: string }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('latin1');
      const query = new URL(request.url ?? '', 'http://store').searchParams.get('query') ?? '';
      const code = refuse(body);
      if (code === undefined) {
        accepted.push({ table: /INSERT INTO bellwether\.(\w+)/.exec(query)?.[1] ?? '', body });
        response.end();
      } else {
        response.writeHead(500, { 'X-ClickHouse-Exception-Code': String(code) });
        response.end(`Code: ${code}. DB::Exception: refused: 'a secret value'. (SOME_TYPE) (version 26.7)`);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const client = connectClickHouse({ url: `http://u:p@127.0.0.1:${port ?? 0}`, application: 'test' });
  return {
    client,
    accepted,
    async stop() {
      await client.close();
      server.close();
      server.closeAllConnections();
    },
  };
}
