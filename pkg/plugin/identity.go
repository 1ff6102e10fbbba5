package plugin

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/look"
)

// credentials are the forwarded headers that tell a proxy who asks.
var credentials = []string{
	backend.OAuthIdentityTokenHeaderName, backend.OAuthIdentityIDTokenHeaderName,
	backend.GrafanaUserSignInTokenHeaderName, backend.CookiesHeaderName,
	"X-Grafana-User", // the login, where Grafana's send_user_header is on
}

// mostIdentities bounds how many users' looks are kept at once.
const mostIdentities = 256

// identities keeps the looks of each user apart where Grafana forwards who
// asks: one whom the proxy in front of Flink refuses must not get what
// another was shown.
type identities struct {
	key  [sha256.Size]byte
	mu   sync.Mutex
	kept map[[sha256.Size]byte]*identity
}

// identity is one user's looks; nothing of the credentials but a keyed hash.
type identity struct {
	clusters []cluster
	asked    time.Time
}

func newIdentities() *identities {
	ids := &identities{kept: map[[sha256.Size]byte]*identity{}}
	_, _ = rand.Read(ids.key[:]) // never fails, by its contract
	return ids
}

// hash is a keyed hash of who asks.
func (ids *identities) hash(headers http.Header) (sum [sha256.Size]byte) {
	mac := hmac.New(sha256.New, ids.key[:])
	for _, name := range credentials {
		for _, value := range headers.Values(name) {
			mac.Write([]byte(name + "\x00" + value + "\x00"))
		}
	}
	copy(sum[:], mac.Sum(nil))
	return sum
}

// clusters are those of who asks: like the given ones, with keepers of their
// own. The user who has not asked for longest makes room for a new one.
func (ids *identities) clusters(headers http.Header, like []cluster) []cluster {
	who := ids.hash(headers)
	ids.mu.Lock()
	defer ids.mu.Unlock()
	found := ids.kept[who]
	if found == nil {
		ids.makeRoom()
		found = &identity{clusters: slices.Clone(like)}
		for n := range found.clusters {
			found.clusters[n].keeper = look.New(like[n].client, like[n].maxAge)
		}
		ids.kept[who] = found
	}
	found.asked = time.Now()
	return found.clusters
}

func (ids *identities) makeRoom() {
	if len(ids.kept) < mostIdentities {
		return
	}
	var oldest [sha256.Size]byte
	for who, kept := range ids.kept {
		if first := ids.kept[oldest]; first == nil || kept.asked.Before(first.asked) {
			oldest = who
		}
	}
	delete(ids.kept, oldest)
}

// clustersFor are the clusters as the sender of these headers may see them.
func (i *Instance) clustersFor(headers http.Header) []cluster {
	if i.identities == nil {
		return i.clusters
	}
	return i.identities.clusters(headers, i.clusters)
}
