-- Those who created keys of an app, from one to the next: the filter of the app's list.
CREATE INDEX keys_of_app_by_creator ON keys (app_id, created_by) WHERE revoked_at IS NULL;
