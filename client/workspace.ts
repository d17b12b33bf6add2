/** What stands behind the sign-in, in one piece that is fetched apart: the tables, the line to the server, the styles. */
import { openSocket } from './socket.js';
import type { Entrance, Workspace } from './state/entrance.svelte.js';
import { Tracker, type Surroundings } from './state/tracker.svelte.js';
import Screen from './Workspace.svelte';
import './styles/board.css';
import './styles/chain.css';

export function makeWorkspace(around: Omit<Surroundings, 'socket'>, entrance: Entrance): Workspace {
  return { tracker: new Tracker({ ...around, socket: openSocket }, entrance), Screen };
}
