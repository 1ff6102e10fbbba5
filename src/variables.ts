import { CustomVariableSupport, type DataQueryRequest, type DataQueryResponse } from '@grafana/data';
import { type DataSourceWithBackend } from '@grafana/runtime';
import { type Observable } from 'rxjs';

import { initialVariable } from './query/queryTypes';
import { VariableEditor, variableQuery } from './query/VariableEditor';
import { type FlinkQuery, type FlinkSettings, type Lister } from './types';

type Asked = DataSourceWithBackend<FlinkQuery, FlinkSettings> & Lister;


/** Dashboard variables: a query of type variable, with the editor of queries. */
export class Variables extends CustomVariableSupport<Asked, FlinkQuery> {
  editor = VariableEditor;

  constructor(private readonly datasource: Asked) {
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
