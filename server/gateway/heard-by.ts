/**
 * A listener that all sockets share. The libraries call listeners with the socket as `this`; a closure for each of
 * thousands of sockets would cost more than what it listens for.
 */
export function heardBy<S, A extends unknown[]>(
  listener: (socket: S, ...args: A) => void,
): (this: S, ...args: A) => void {
  return function (...args) {
    listener(this, ...args);
  };
}
