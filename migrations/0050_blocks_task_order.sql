-- Tasks of one kind take turns, and are swept some time after their end.
DROP INDEX tasks_open;
CREATE INDEX tasks_open ON tasks (kind, updated_at, id) WHERE state IN ('NotStarted', 'InProgress');
CREATE INDEX tasks_ended ON tasks (updated_at) WHERE state IN ('Completed', 'CompletedWithErrors');
