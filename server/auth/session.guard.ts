import { type CanActivate, createParamDecorator, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { ApiError } from '../http/api-error.js';
import { SessionService } from './session.service.js';
import type { SignIn } from './sign-in.js';

type SignedInRequest = Request & { signIn?: SignIn };

/** Lets signed-in people through; everyone else gets 401 `sign-in-needed`. */
@Injectable()
export class SessionGuard implements CanActivate {
  constructor(private readonly sessions: SessionService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<SignedInRequest>();
    const signIn = await this.sessions.find(request.headers);
    if (!signIn) throw new ApiError(401, 'sign-in-needed', 'Please sign in.');
    request.signIn = signIn;
    return true;
  }
}

/** Parameter of a handler behind `SessionGuard`: the person's `SignIn`. */
export const SignedIn = createParamDecorator((_data: unknown, context: ExecutionContext): SignIn | null => {
  return context.switchToHttp().getRequest<SignedInRequest>().signIn ?? null;
});
