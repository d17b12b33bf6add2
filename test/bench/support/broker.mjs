import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';
import { DATE, MINUTE, SESSION_SLOTS, SESSION_START } from './market.mjs';
import { nowMs } from './stats.mjs';

/**
 * The broker's HTTP, scripted: one chain whose answers are ready as bytes, so that nothing of its own is measured.
 * @param market a `BenchMarket`; `next()` lets its next minute come
 */
export async function startBroker(market) {
  let body = Buffer.from(market.answer());
  const sent = [];
  const files = gzipSync(JSON.stringify(market.master()));
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://broker');
    if (pathname === '/v2/option/chain') {
      // `finish`: the whole answer is with the operating system.
      response.once('finish', () => sent.push(nowMs()));
      return send(response, 'application/json', body);
    }
    if (pathname.startsWith('/market-quote/instruments/')) return send(response, 'application/gzip', files);
    const data = small(pathname);
    if (data === undefined) response.statusCode = 404;
    const answer = data === undefined ? { status: 'error', errors: [] } : { status: 'success', data };
    send(response, 'application/json', Buffer.from(JSON.stringify(answer)));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    /** Lets a minute pass. @returns the bytes of the answer from now on */
    next() {
      market.step();
      body = Buffer.from(market.answer());
      return body;
    },
    /** When the newest answer had been sent whole, see `nowMs`. */
    lastSentAt: () => sent.at(-1),
    answerBytes: () => body.length,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

function small(path) {
  if (path === '/v2/user/profile') return { user_id: 'BENCH1', user_name: 'Bench' };
  if (path === '/v2/market/holidays') return [];
  if (path === `/v2/market/timings/${DATE}`) {
    const end_time = SESSION_START + SESSION_SLOTS * MINUTE;
    return [{ exchange: 'NSE', start_time: SESSION_START, end_time }];
  }
  return path.startsWith('/v2/market/status/') ? { status: 'NORMAL_OPEN' } : undefined;
}

function send(response, type, body) {
  response.setHeader('Content-Type', type).setHeader('Content-Length', body.length).end(body);
}
