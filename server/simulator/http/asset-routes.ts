import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Router } from 'express';
import type { MasterName } from '../market.js';
import { Refusal } from '../refusal.js';
import { param, route, type SimulatorContext } from './pipeline.js';

const NAMES: readonly string[] = ['complete', 'NSE', 'BSE', 'MCX'] satisfies MasterName[];
const compress = promisify(gzip);

/** The instrument master files, as gzip bytes without a Content-Encoding, like the broker's. */
export function assetRoutes(router: Router, ctx: SimulatorContext): void {
  const built = new Map<string, Promise<Buffer>>();
  const build = (name: MasterName): Promise<Buffer> => {
    const rows = ctx.market.instruments().filter((r) => name === 'complete' || r.exchange === name);
    return ctx.market.master?.(name) ?? compress(JSON.stringify(rows));
  };
  const file = (name: MasterName): Promise<Buffer> => {
    /* The date, because a market may roll on to the next day. */
    const id = `${name}@${ctx.market.date}`;
    const known = built.get(id) ?? build(name);
    built.set(id, known);
    return known;
  };
  router.get(
    '/market-quote/instruments/exchange/:file',
    route(ctx, 'assets', 'open', async ({ req, res, fault }) => {
      const name = /^(\w+)\.json\.gz$/.exec(param(req, 'file'))?.[1] ?? '';
      if (!NAMES.includes(name)) throw new Refusal('UDAPI100060');
      const bytes = await file(name as MasterName);
      const sent = fault?.type === 'half-master' ? bytes.subarray(0, bytes.length >> 1) : bytes;
      res.set('Content-Type', 'application/gzip').send(sent);
    }),
  );
}
