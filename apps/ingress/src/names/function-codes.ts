import type { ApiCode } from '../http/api-codes.ts';

/**
 * The codes of `FunctionNames`: the text is not a URN, or no function, version or alias has that
 * name.
 */
export const functionCodes: readonly ApiCode[] = ['FSS.1051', 'FSS.1052', 'FSS.1053', 'FSS.1309'];
