import expressions from '../../pkg/query/testdata/expressions.json';
import { expressionFault } from './expression';

test.each(expressions)('/$expression/ is marked unless the backend compiles it', ({ expression, compiles }) => {
  expect(expressionFault(`/${expression}/`) === undefined).toBe(compiles);
});

test.each(['(', '/', '/(', '(/', 'orders', ''])('%j is a name, not an expression', (text) => {
  expect(expressionFault(text)).toBeUndefined();
});

test.each(['/^${env}-(/', '/$env(/'])('%s is judged once its variable is filled in', (text) => {
  expect(expressionFault(text)).toBeUndefined();
});
