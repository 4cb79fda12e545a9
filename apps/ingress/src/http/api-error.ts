/** Codes of the API this service answers with. @see FunctionGraph API reference, error codes; SMN API reference, error codes */
export const apiCodes = {
  'APIG.0301': 401,
  'FSS.0400': 400,
  'FSS.0401': 401,
  'FSS.0403': 403,
  'FSS.0404': 404,
  'FSS.0405': 405,
  'FSS.0406': 406,
  'FSS.0413': 413,
  'FSS.0422': 422,
  'FSS.0429': 429,
  'FSS.0500': 500,
  'FSS.0502': 502,
  'FSS.0503': 503,
  'FSS.0504': 504,
  'FSS.1001': 400,
  'FSS.1002': 400,
  'FSS.1003': 400,
  'FSS.1004': 400,
  'FSS.1005': 400,
  'FSS.1006': 400,
  'FSS.1007': 400,
  'FSS.1008': 400,
  'FSS.1009': 400,
  'FSS.1011': 400,
  'FSS.1012': 400,
  'FSS.1014': 400,
  'FSS.1015': 400,
  'FSS.1016': 400,
  'FSS.1017': 400,
  'FSS.1018': 400,
  'FSS.1019': 400,
  'FSS.1026': 400,
  'FSS.1041': 403,
  'FSS.1042': 403,
  'FSS.1043': 403,
  'FSS.1051': 404,
  'FSS.1052': 404,
  'FSS.1053': 404,
  'FSS.1061': 409,
  'FSS.1062': 409,
  'FSS.1063': 409,
  'FSS.1066': 409,
  'FSS.1071': 413,
  'FSS.1072': 413,
  'FSS.1091': 400,
  'FSS.1092': 400,
  'FSS.1093': 400,
  'FSS.1121': 403,
  'FSS.1171': 404,
  'FSS.1201': 413,
  'FSS.1309': 400,
  'SMN.0002': 400,
  'SMN.0003': 400,
  'SMN.0004': 403,
  'SMN.0005': 400,
  'SMN.0006': 404,
  'SMN.0007': 403,
  'SMN.0008': 403,
  'SMN.0009': 403,
  'SMN.0011': 400,
  'SMN.0012': 400,
  'SMN.0013': 404,
  'SMN.0014': 400,
  'SMN.0015': 400,
  'SMN.0017': 400,
  'SMN.0021': 400,
  'SMN.0022': 403,
  'SMN.0032': 400,
  'SMN.0046': 400,
  'SMN.0069': 403,
  'SMN.0077': 400,
  'SMN.0101': 404,
} as const;

/** A code of {@link apiCodes}. */
export type ApiCode = keyof typeof apiCodes;

/** A caller's mistake, or a refusal, as the API words it. */
export class ApiError extends Error {
  /** @param retryAfterSeconds sent as `Retry-After`. */
  constructor(
    readonly code: ApiCode,
    message: string,
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
  }

  get status(): number {
    return apiCodes[this.code];
  }

  /** The body of an error, in the form of the API its code is of. The gateway's own errors, `APIG.*`, repeat the request id there. */
  bodyFor(requestId: string): Readonly<Record<string, string>> {
    if (this.code.startsWith('SMN.')) return { request_id: requestId, code: this.code, message: this.message };
    const body = { error_code: this.code, error_msg: this.message };
    return this.code.startsWith('APIG.') ? { ...body, request_id: requestId } : body;
  }
}

/** A text that names no function in any form. */
export function urnMalformed(text: string): ApiError {
  return new ApiError('FSS.1309', `not a function URN: ${text.slice(0, 300)}`);
}

/** A URN that names a function of a project the caller is not of. @param where it stands, if not in the path. */
export function urnOfAnotherProject(text: string, where = 'the function URN'): ApiError {
  return new ApiError('FSS.0403', `${where} is of another project: ${text.slice(0, 300)}`);
}

/** No function by that name. */
export function functionNotFound(name: string): ApiError {
  return new ApiError('FSS.1051', `Not found the function: ${name.slice(0, 300)}`);
}

/** No version by that name. */
export function versionNotFound(name: string): ApiError {
  return new ApiError('FSS.1052', `Not found the function version: ${name.slice(0, 300)}`);
}

/** No alias by that name. */
export function aliasNotFound(name: string): ApiError {
  return new ApiError('FSS.1053', `Not found the function alias: ${name.slice(0, 300)}`);
}
