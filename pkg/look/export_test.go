package look

// Watched counts the jobs that the keeper has in memory.
func (k *Keeper) Watched() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.watched)
}
