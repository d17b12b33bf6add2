export * from './events.js';
export * from './frame.js';
export * from './http.js';
export * from './market.js';
export * from './table.js';
