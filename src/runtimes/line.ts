/** A line to a thread: numbered requests, their answers, and what the thread's death means for those who wait. Platform-free. */

/** `ask` rejects with an S2Error "runtime" when the thread dies first. */
export interface Line<Request, Answer> {
  ask(request: Request, transfer?: ArrayBuffer[]): Promise<Answer>;
  /** Resolves when what was asked is answered and the thread is gone. */
  end(): Promise<void>;
}

/** A request or an answer on its way: answers carry the number of their request. */
export type Numbered<T> = T & { readonly id: number };

/** Who waits for an answer. */
export interface Waiting<Answer> {
  /** Takes a number for a request that `send` sends with it. */
  ask(send: (id: number) => void): Promise<Answer>;
  settle(answer: Numbered<Answer>): void;
  /** Rejects those who wait and those who come later; the first reason stays. */
  die(reason: Error): void;
  readonly dead: boolean;
  readonly count: number;
}

/** Nobody waits yet. */
export function waitingRoom<Answer extends object>(): Waiting<Answer> {
  const waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  let death: Error | undefined;
  let last = 0;
  return {
    ask: (send) =>
      new Promise((resolve, reject) => {
        if (death) return reject(death);
        waiting.set(++last, { resolve, reject });
        try {
          send(last);
        } catch (error) {
          waiting.delete(last); // what cannot be sent is never answered
          reject(error);
        }
      }),
    settle({ id, ...answer }) {
      waiting.get(id)?.resolve(answer as unknown as Answer);
      waiting.delete(id);
    },
    die(reason) {
      death ??= reason;
      for (const { reject } of waiting.values()) reject(death);
      waiting.clear();
    },
    get dead() {
      return death !== undefined;
    },
    get count() {
      return waiting.size;
    },
  };
}
