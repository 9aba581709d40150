// What went wrong, by a name that the page has words for in every language.
export class Problem extends Error {
  /**
   * @param {string} code name of the text, see texts.js
   * @param {string} [detail] technical, in English
   */
  constructor(code, detail = "") {
    super(detail || code);
    this.code = code;
    this.detail = detail;
  }
}

/** The error of a file that no writer would have written. */
export function damaged(detail) {
  return new Problem("damaged", detail);
}
