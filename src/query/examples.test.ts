import { examples } from './examples';
import { changed, measureOf, queryType } from './queryTypes';

test.each(examples)('“$question” is asked by a query that keeps all of its keys', ({ query }) => {
  const whole = { refId: 'A', ...query };
  expect(queryType(query.queryType)).toBeDefined();
  expect(measureOf(whole)).toBeDefined();
  expect(changed(whole, {})).toEqual(whole);
});
