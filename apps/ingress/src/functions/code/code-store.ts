/** Injection token of the `ObjectStore` that keeps the archives of functions. */
export const CODE_STORE = Symbol('code store');
