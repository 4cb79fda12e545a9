import type { Client } from './client.ts';

const invocations = 100;
const callers = 10;

/**
 * Invokes a function 100 times, ten at once, and asks for its records right after each 202.
 * @returns how many lists lacked the invocation.
 */
export async function emptyLists(client: Client, functionName: string): Promise<number> {
  let left = invocations;
  let empty = 0;
  const call = async () => {
    while (left-- > 0) {
      const requestId = await client.invoke(functionName);
      if ((await client.record(functionName, requestId)) === undefined) empty += 1;
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  return empty;
}
