/** Many polling screens: each asks for the table over a connection that it keeps. */
import { Agent, get } from 'node:http';
import { serve } from '../support/children.mjs';

const agent = new Agent({ keepAlive: true, maxSockets: 25 });

function poll(url) {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      let bytes = 0;
      response.on('data', (chunk) => (bytes += chunk.length));
      response.on('end', () =>
        response.statusCode === 200 ? resolve(bytes) : reject(new Error(`${response.statusCode}`)),
      );
    }).on('error', reject);
  });
}

serve({
  /** Polls once for each of `count` screens. @returns the bytes of one answer */
  async poll({ url, count }) {
    const sizes = await Promise.all(Array.from({ length: count }, () => poll(url)));
    return sizes[0];
  },
});
