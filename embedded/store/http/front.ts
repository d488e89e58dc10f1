import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Component } from '../../../common/runtime/component.js';
import { messageOf } from '../../../common/runtime/errors.js';
import type { Logger } from '../../../common/runtime/log.js';
import type { StoreConfig } from '../config.js';
import { StoreError } from '../errors.js';
import type { StoreMetrics } from '../metrics.js';
import { Answer } from './answer.js';
import { readOrder, type Order } from './request.js';

/** Clients let go of idle sockets after 2.5 s, so the server must be the later of the two. */
const KEEP_ALIVE_MS = 10_000;

/** Statements of an INSERT and query parameters come in the URL. */
const URL_BYTES = 1_048_576;

export interface Exchange {
  readonly order: Order;
  readonly request: IncomingMessage;
  readonly answer: Answer;
  readonly queryId: string;
  /** Aborts when the client goes away before its answer is complete. */
  readonly gone: AbortSignal;
}

export interface FrontOptions {
  readonly config: StoreConfig;
  readonly metrics: StoreMetrics;
  readonly log: Logger;
  /** Undefined when queries can be taken. */
  readonly notReady: () => string | undefined;
  /** What `/readyz` says beside being ready. */
  readonly alarms: () => readonly string[];
  readonly run: (exchange: Exchange) => Promise<void>;
}

/** ClickHouse's HTTP protocol: `/` for queries, `/ping`, and the health pages of every service here. */
export class Front implements Component {
  readonly #server: Server;

  constructor(private readonly options: FrontOptions) {
    this.#server = createServer({ maxHeaderSize: URL_BYTES }, (request, response) => {
      void this.#handle(request, response).catch((error: unknown) => {
        this.options.log.error({ error: messageOf(error) }, 'a request failed in the store itself');
        response.destroy();
      });
    });
    this.#server.keepAliveTimeout = KEEP_ALIVE_MS;
    this.#server.requestTimeout = 0; // a slow insert is bounded by its bytes and by the client's own timeout
    this.#server.headersTimeout = 20_000;
  }

  async start(): Promise<void> {
    const { BELLWETHER_LISTEN_HOST: host, BELLWETHER_STORE_PORT: port } = this.options.config;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port }, resolve);
    });
    const address: AddressInfo | string | null = this.#server.address();
    const listening = typeof address === 'object' && address !== null ? address.port : port;
    this.options.log.info({ host, port: listening }, 'the store listens');
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const limit = setTimeout(() => this.#server.closeAllConnections(), 2_000);
    await closed;
    clearTimeout(limit);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = request.url ?? '/';
    if (!target.startsWith('/') || !URL.canParse(target, 'http://store')) {
      response.writeHead(400).end('The request target is not valid\n');
      return;
    }
    const url = new URL(target, 'http://store');
    if (url.pathname === '/' && (request.method === 'POST' || url.searchParams.has('query'))) {
      await this.#query(request, response, url);
      return;
    }
    await this.#page(url.pathname, response);
  }

  async #page(path: string, response: ServerResponse): Promise<void> {
    const { metrics, notReady, alarms } = this.options;
    const missing = notReady();
    const page = {
      '/': { status: 200, type: 'text/html; charset=UTF-8', text: 'Ok.\n' },
      '/ping': {
        status: missing === undefined ? 200 : 503,
        type: 'text/html; charset=UTF-8',
        text: missing === undefined ? 'Ok.\n' : `${missing}\n`,
      },
      '/healthz': { status: 200, type: 'application/json', text: '{"status":"ok"}' },
      '/readyz': {
        status: missing === undefined ? 200 : 503,
        type: 'application/json',
        text: JSON.stringify(
          missing === undefined
            ? { status: 'ready', parts_alarm: alarms() }
            : { status: 'not_ready', detail: missing },
        ),
      },
      '/metrics': { status: 200, type: metrics.registry.contentType, text: '' },
    }[path] ?? { status: 404, type: 'text/plain; charset=UTF-8', text: `There is no handler for ${path}\n` };
    const text = path === '/metrics' ? await metrics.registry.metrics() : page.text;
    response.writeHead(page.status, { 'Content-Type': page.type }).end(text);
  }

  async #query(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const mayCompress = url.searchParams.get('enable_http_compression') !== '0';
    const answer = new Answer(request, response, mayCompress);
    const aborter = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) aborter.abort();
    });
    request.on('error', () => aborter.abort());
    try {
      const order = readOrder(request, url, this.options.config.BELLWETHER_STORE_USERS);
      const queryId = order.queryId ?? randomUUID();
      response.setHeader('X-ClickHouse-Query-Id', queryId);
      response.setHeader('X-ClickHouse-Server-Display-Name', 'bellwether-store');
      await this.options.run({ order, request, answer, queryId, gone: aborter.signal });
    } catch (error) {
      this.#failed(answer, error);
    }
  }

  #failed(answer: Answer, thrown: unknown): void {
    const { metrics, log } = this.options;
    if (answer.begun) metrics.brokenOff.inc();
    const error = answer.fail(thrown);
    metrics.failures.inc({ code: String(error.code), type: error.type });
    if (!(thrown instanceof StoreError)) log.error({ error: messageOf(thrown) }, 'unexpected failure');
  }
}
