import { type CanActivate, createParamDecorator, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Allowance } from '../http/allowance.js';
import { ApiError } from '../http/api-error.js';
import { SessionService } from './session.service.js';
import type { SignIn } from './sign-in.js';

type SignedInRequest = Request & { signIn?: SignIn };

/** Requests of one sign-in at once, and a second in the long run: a script that reads a day minute by minute passes. */
export const API_BURST = 1_000;
export const API_A_SECOND = 20;

/** What the sign-ins may ask, over all their connections. */
@Injectable()
export class ApiAllowance extends Allowance {
  constructor() {
    super(API_BURST, API_A_SECOND);
  }
}

/** Lets signed-in people through who do not ask too often (429); everyone else gets 401 `sign-in-needed`. */
@Injectable()
export class SessionGuard implements CanActivate {
  constructor(
    private readonly sessions: SessionService,
    private readonly allowance: ApiAllowance,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<SignedInRequest>();
    const signIn = await this.sessions.find(request.headers);
    if (!signIn) throw new ApiError(401, 'sign-in-needed', 'Please sign in.');
    this.allowance.take(signIn.idHash, http.getResponse<Response>());
    request.signIn = signIn;
    return true;
  }
}

/** Parameter of a handler behind `SessionGuard`: the person's `SignIn`. */
export const SignedIn = createParamDecorator((_data: unknown, context: ExecutionContext): SignIn | null => {
  return context.switchToHttp().getRequest<SignedInRequest>().signIn ?? null;
});
