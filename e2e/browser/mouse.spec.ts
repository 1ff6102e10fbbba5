import { choose, editing, field, fields, option, query } from './editor';
import { expect, test } from './fixtures';

/** What each query type answers with: some of its fields, a frame each. */
const answers: Record<string, { type: string; frames: string[][] }> = {
  Bottlenecks: { type: 'bottlenecks', frames: [['cluster', 'job', 'task', 'kind', 'severity', 'explanation', 'advice']] },
  'Job graph': { type: 'nodeGraph', frames: [['id', 'title', 'mainstat'], ['id', 'source', 'target']] },
  Subtasks: { type: 'subtasks', frames: [['job', 'task', 'subtask', 'host', 'idle', 'busy', 'backpressured', 'status']] },
  Tasks: { type: 'tasks', frames: [['job', 'task', 'parallelism', 'busy_max', 'records_in', 'skew', 'status']] },
  Jobs: { type: 'jobs', frames: [['job', 'state', 'duration', 'bottleneck']] },
};

for (const [label, { type, frames }] of Object.entries(answers)) {
  test(`${label} of two jobs, chosen by mouse`, async ({ page, visit }) => {
    await visit(editing({ schemaVersion: 1, queryType: 'measure' }));
    await field(page, 'Query type').click();
    await option(page, label).click();
    await choose(page, 'Jobs', 'skew', 'bottleneck');
    expect(await query(page)).toMatchObject({ queryType: type, jobs: ['skew', 'bottleneck'], schemaVersion: 1 });
    await page.getByRole('button', { name: 'Run queries' }).click();
    const answered = await fields(page);
    expect(answered).toHaveLength(frames.length);
    frames.forEach((names, at) => expect(answered[at]).toEqual(expect.arrayContaining(names)));
    await expect(page.getByRole('region', { name: 'Frame' }).first()).not.toContainText('healthy');
  });
}
