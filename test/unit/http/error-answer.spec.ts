import { BadRequestException, HttpException, NotFoundException } from '@nestjs/common';
import { ApiError } from '../../../server/http/api-error.js';
import { errorAnswer } from '../../../server/http/error-answer.js';
import { BrokerError } from '../../../server/upstox/errors.js';

const parserError = (status: number) =>
  Object.assign(new Error('Unexpected token in {"apiSecret":"s3cret"'), { status, expose: status < 500 });

describe('errorAnswer', () => {
  it.each([
    ['an ApiError as it is', new ApiError(404, 'unknown-expiry', 'No such expiry.'), 404, 'unknown-expiry'],
    ['a route that is not there', new NotFoundException('Cannot GET /x'), 404, 'not-found'],
    ['broken JSON', new BadRequestException('Unexpected token s3cret'), 400, 'bad-request'],
    ['a parser error', parserError(400), 400, 'bad-request'],
    ['a body that is too large', parserError(413), 413, 'payload-too-large'],
    ['a status without a text of ours', new HttpException('s3cret', 418), 400, 'bad-request'],
    ['a server error of the framework', new HttpException('s3cret', 503), 500, 'internal'],
    ['a dead token', new BrokerError('token-dead', 'Sign in.'), 401, 'sign-in-needed'],
    ['a throttled broker', new BrokerError('throttled', 'Later.'), 503, 'broker-unreachable'],
    ['an unreachable broker', new BrokerError('unreachable', 'Gone.'), 503, 'broker-unreachable'],
    ['a bad answer', new BrokerError('bad-answer', 'Odd.'), 502, 'broker-unreachable'],
    ['a refusal', new BrokerError('refused', 'No.'), 502, 'broker-refused'],
    ['an unexpected error', new Error('SELECT s3cret FROM x'), 500, 'internal'],
    ['what is not an error', { status: 200, sql: 's3cret' }, 500, 'internal'],
    ['nothing', undefined, 500, 'internal'],
  ])('should map %s', (_what, error, status, code) => {
    const answer = errorAnswer(error);
    expect([answer.getStatus(), answer.code]).toEqual([status, code]);
    expect(answer.getResponse()).toEqual({ error: { code, message: answer.message } });
    expect(answer.message).not.toContain('s3cret');
  });
});
