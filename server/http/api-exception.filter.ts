import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import { errorAnswer } from './error-answer.js';

/** Turns whatever was thrown into `{error: {code, message}}`. Unexpected errors are logged under the request's id. */
@Catch()
export class ApiExceptionFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const response = http.getResponse<Response>();
    const answer = errorAnswer(error);
    if (answer.code === 'internal') this.logUnexpected(error, http.getRequest<Request>(), response);
    // The answer is under way: the connection can only be cut, so that nobody takes half of it for the whole.
    if (response.headersSent) return void response.destroy();
    // The route may have announced a file: an error must not be saved as one.
    for (const name of ['Content-Type', 'Content-Disposition']) response.removeHeader(name);
    response.status(answer.getStatus()).json(answer.getResponse());
  }

  /** The query string is left out: a sign-in callback carries secrets there. */
  private logUnexpected(error: unknown, request: Request, response: Response): void {
    const path = request.originalUrl.split('?', 1)[0]?.slice(0, 200);
    const requestId = String(response.getHeader('X-Request-Id') ?? '-');
    const stack = error instanceof Error ? (error.stack ?? error.message) : 'not an Error object';
    this.logger.error(`${request.method} ${path} failed, request ${requestId}: ${stack}`, { requestId });
  }
}
