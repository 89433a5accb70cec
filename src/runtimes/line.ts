/** Numbered requests to a thread or worker, and their answers. Platform-free. */

/** The connection to a thread. `ask` rejects with an S2Error "runtime" when the thread dies first. */
export interface Line<Request, Answer> {
  ask(request: Request, transfer?: ArrayBuffer[]): Promise<Answer>;
  /** Resolves when all requests are answered and the thread is gone. */
  end(): Promise<void>;
}

/** A message with the number of its request. */
export type Numbered<T> = T & { readonly id: number };

/** Keeps the requests that are not answered yet. */
export function makeWaiting<Answer extends object>() {
  const waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  let death: Error | undefined;
  let last = 0;
  return {
    /** Takes a number for a request that `send` sends with it. */
    ask: (send: (id: number) => void) =>
      new Promise<Answer>((resolve, reject) => {
        if (death) return reject(death);
        waiting.set(++last, { resolve, reject });
        try {
          send(last);
        } catch (error) {
          waiting.delete(last); // a request that cannot be sent is never answered
          reject(error);
        }
      }),
    settle({ id, ...answer }: Numbered<Answer>) {
      waiting.get(id)?.resolve(answer as unknown as Answer);
      waiting.delete(id);
    },
    /** Rejects all requests, pending and later ones; the first reason stays. */
    die(reason: Error) {
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
