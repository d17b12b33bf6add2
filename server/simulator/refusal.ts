/** The broker's error codes that the simulator gives, with their HTTP status and words. */
const CODES = {
  UDAPI10000: [400, 'This API request is not supported'],
  UDAPI10005: [429, 'Too Many Request Sent'],
  UDAPI100011: [400, 'Invalid Instrument key'],
  UDAPI100038: [400, 'Invalid input passed to the API'],
  UDAPI100042: [400, 'The number of instrument keys has exceeded the limit of 500'],
  UDAPI100043: [400, 'The number of instrument keys has exceeded the limit of 500'],
  UDAPI100050: [401, 'Invalid token used to access API'],
  UDAPI100057: [401, 'Invalid Auth code'],
  UDAPI100060: [404, 'Resource not Found.'],
  UDAPI100068: [401, "Check your 'client_id' and 'redirect_uri'; one or both are incorrect."],
  UDAPI100069: [401, "Check your 'client_id' and 'client_secret'; one or both are incorrect."],
  UDAPI100070: [401, "The 'redirect_uri' provided is incorrect."],
  UDAPI100500: [500, 'Something went wrong... please contact us'],
  UDAPI1009: [400, 'The instrument_key is required'],
  UDAPI1015: [400, 'to_date must be greater than or equal to from_date'],
  UDAPI1088: [400, 'Invalid date'],
  UDAPI1089: [400, 'Invalid exchange'],
  UDAPI1146: [400, 'Invalid unit'],
  UDAPI1147: [400, 'Invalid interval for the given unit'],
  UDAPI1148: [400, 'Invalid date range'],
} as const satisfies Record<string, readonly [number, string]>;

export type RefusalCode = keyof typeof CODES;

/** A request that the broker understood and refuses. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;

  constructor(readonly code: RefusalCode) {
    super(CODES[code][1]);
    this.status = CODES[code][0];
  }
}

/** The broker's error body: every field twice, since the camelCase ones are deprecated but still there. */
export function errorBody(code: string, message: string): object {
  return {
    status: 'error',
    errors: [
      {
        ...{ errorCode: code, message, propertyPath: null, invalidValue: null },
        ...{ error_code: code, property_path: null, invalid_value: null },
      },
    ],
  };
}
