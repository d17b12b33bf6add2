import { mount } from 'svelte';
import App from './App.svelte';
import { Entrance } from './state/entrance.svelte.js';
import './styles/tokens.css';
import './styles/base.css';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');

const around = {
  fetch: (path: string, init?: RequestInit) => fetch(path, init),
  storage: {
    getItem: (key: string) => localStorage.getItem(key),
    setItem: (key: string, value: string) => localStorage.setItem(key, value),
  },
  now: () => Date.now(),
  go: (url: string) => location.assign(url),
  hash: () => location.hash,
  setHash: (hash: string) => history.replaceState(null, '', hash),
  visit: (hash: string) => location.assign(hash),
  later: (work: () => void, ms: number) => void setTimeout(work, ms),
};
const entrance = new Entrance(around, async () => {
  const { makeWorkspace } = await import('./workspace.js');
  return (self) => makeWorkspace(around, self);
});

mount(App, { target, props: { entrance } });
void entrance.start();
