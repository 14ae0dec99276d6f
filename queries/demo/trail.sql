-- name: set_time
-- What time it is for the rest of the transaction; an empty text ends that.
SELECT set_config('app.now', :at, true)
