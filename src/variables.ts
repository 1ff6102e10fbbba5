import { CustomVariableSupport, type DataQueryRequest, type DataQueryResponse } from '@grafana/data';
import { type Observable } from 'rxjs';

import { type DataSource } from './datasource';
import { initialVariable } from './query/queryTypes';
import { VariableEditor, variableQuery } from './query/VariableEditor';
import { type FlinkQuery } from './types';

/** Dashboard variables: a query of type variable, with the editor of queries. */
export class Variables extends CustomVariableSupport<DataSource, FlinkQuery> {
  editor = VariableEditor;

  constructor(private readonly datasource: DataSource) {
    super();
    this.query = this.query.bind(this);
  }

  query(request: DataQueryRequest<FlinkQuery>): Observable<DataQueryResponse> {
    const targets = request.targets.map(variableQuery);
    return this.datasource.query({ ...request, targets });
  }

  getDefaultQuery(): Partial<FlinkQuery> {
    return initialVariable;
  }
}
