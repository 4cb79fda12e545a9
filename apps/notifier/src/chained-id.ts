import { v5 as uuidOf } from 'uuid';

/** The namespace of these ids. It was drawn at random; another one would change every id. */
const namespace = '6f1d2b0e-7b0c-4d55-9f3a-2c7e1a9d8b44';

/**
 * The request id of the invocation that a notification starts: a UUID of version 5.
 *
 * The same parent and target always give the same id. A notification that is delivered twice
 * therefore starts one invocation (I5).
 *
 * @param target URN of the function that is started.
 */
export function chainedRequestId(parentRequestId: string, target: string): string {
  return uuidOf(`${parentRequestId} ${target}`, namespace);
}
