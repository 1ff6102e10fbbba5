// Unit tests of what needs no browser; e2e/browser tests the rest in one.
export default {
  testMatch: ['<rootDir>/src/**/*.test.ts'],
  transform: { '\\.tsx?$': '@swc/jest' },
};
