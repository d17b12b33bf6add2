/** Something that a test holds up until it says so. */
export interface Gate {
  /** Resolves when somebody has come to the gate. */
  reached: Promise<void>;
  /** Waits at the gate. */
  passed(): Promise<void>;
  /** Lets everybody through, now and later. */
  open(): void;
}

export function openGate(): Gate {
  let open = (): void => undefined;
  let arrive = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const reached = new Promise<void>((resolve) => (arrive = resolve));
  return {
    reached,
    passed: () => {
      arrive();
      return opened;
    },
    open: () => open(),
  };
}
