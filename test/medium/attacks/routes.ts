import type { NestExpressApplication } from '@nestjs/platform-express';
import { DAY, NIFTY_KEY } from './fort.js';

export interface Route {
  method: string;
  /** With parameters filled in. */
  path: string;
}

interface Layer {
  route?: { path: string; methods: Record<string, boolean> };
}

/** Every route of the running app, so that one which is added later is attacked as well. */
export function routesOf(app: NestExpressApplication): Route[] {
  const express = app.getHttpAdapter().getInstance() as { router: { stack: Layer[] } };
  return express.router.stack.flatMap(({ route }) =>
    route === undefined
      ? []
      : Object.keys(route.methods).map((method) => ({
          method: method.toUpperCase(),
          path: route.path.replace(':key', encodeURIComponent(NIFTY_KEY)).replace(':expiry', DAY),
        })),
  );
}
