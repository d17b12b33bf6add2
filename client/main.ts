import { mount } from 'svelte';
import App from './App.svelte';
import { openSocket } from './socket.js';
import { Tracker } from './state/tracker.svelte.js';
import './styles/tokens.css';
import './styles/base.css';
import './styles/board.css';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');

const tracker = new Tracker({
  fetch: (path, init) => fetch(path, init),
  socket: openSocket,
  storage: {
    getItem: (key) => localStorage.getItem(key),
    setItem: (key, value) => localStorage.setItem(key, value),
  },
  now: () => Date.now(),
  go: (url) => location.assign(url),
  hash: () => location.hash,
  setHash: (hash) => history.replaceState(null, '', hash),
  visit: (hash) => location.assign(hash),
  later: (work, ms) => setTimeout(work, ms),
});

mount(App, { target, props: { tracker } });
void tracker.start();
