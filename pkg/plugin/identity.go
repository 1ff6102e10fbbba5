package plugin

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/query"
)

// credentialHeaders are the forwarded headers by which a proxy identifies a user.
// They alone are forwarded, and all of them are part of an identity.
var credentialHeaders = []string{
	backend.OAuthIdentityTokenHeaderName, backend.OAuthIdentityIDTokenHeaderName,
	backend.GrafanaUserSignInTokenHeaderName, backend.CookiesHeaderName,
	"X-Grafana-User", // the login, where Grafana's send_user_header is on
}

const (
	// identityAge is for how long after the last request what an identity holds
	// is kept.
	identityAge = 5 * time.Minute
	// maxIdentities and maxIdentityBytes bound what is kept of all of them.
	maxIdentities    = 256
	maxIdentityBytes = 64 << 20
	// identityBytes and subtaskBytes are about how much an identity and each
	// subtask of the jobs of its queries take, with the frames that are kept of it.
	identityBytes = 16 << 10
	subtaskBytes  = 3200
)

// requester is a request of Grafana's: a query, a resource call or a health
// check.
type requester struct {
	user *backend.User
	// namespace is the organisation's; older Grafanas send none.
	namespace string
	headers   http.Header
}

// identities keep the samples of each user apart where Grafana forwards who
// asks: one whom the proxy in front of Flink refuses must not get what another
// was shown.
type identities struct {
	settings settings
	clients  []*flink.Client
	webURLs  []string // of each of them
	// availabilities are those of each, of all users together.
	availabilities []*collector.Availability
	key            [sha256.Size]byte

	mu    sync.Mutex
	kept  map[[sha256.Size]byte]*identity
	sweep *time.Timer // nil while none is kept
}

// identity is one user's samples, and when they were last asked for.
type identity struct {
	view
	asked time.Time
}

func newIdentities(s settings, clients []*flink.Client, webURLs []string, availabilities []*collector.Availability) *identities {
	ids := &identities{settings: s, clients: clients, webURLs: webURLs, availabilities: availabilities, kept: map[[sha256.Size]byte]*identity{}}
	_, _ = rand.Read(ids.key[:]) // never fails, by its contract
	return ids
}

// view is that of the requester, with collectors of its own.
func (ids *identities) view(request requester) view {
	who := ids.hash(request)
	ids.mu.Lock()
	defer ids.mu.Unlock()
	now := time.Now()
	found := ids.kept[who]
	if found == nil {
		found = &identity{view: ids.newView()}
		ids.kept[who] = found
	}
	found.asked = now
	ids.drop(now)
	if ids.sweep == nil {
		ids.sweep = time.AfterFunc(identityAge, ids.expire)
	}
	return found.view
}

// hash is a keyed hash of the requester: nothing of the credentials is kept. Where
// Grafana forwards the token of its own login alone, it is by the login: tokens
// rotate, and so one user would be many.
func (ids *identities) hash(request requester) (sum [sha256.Size]byte) {
	mac := hmac.New(sha256.New, ids.key[:])
	add := func(text string) {
		mac.Write([]byte(strconv.Itoa(len(text)) + ":" + text))
	}
	stable := ids.settings.OAuthPassThru && len(ids.settings.KeepCookies) == 0 && request.user != nil && request.user.Login != ""
	if stable {
		add(request.namespace)
		add(request.user.Login)
	}
	for _, name := range credentialHeaders {
		for _, value := range request.headers.Values(name) {
			add(name)
			if !stable { // else only that there is one
				add(value)
			}
		}
	}
	copy(sum[:], mac.Sum(nil))
	return sum
}

func (ids *identities) newView() view {
	var made view
	for n, client := range ids.clients {
		made.clusters = append(made.clusters, &query.Cluster{
			Name:      ids.settings.all()[n].Name,
			WebURL:    ids.webURLs[n],
			Collector: collector.New(client, collector.Options{MaxAge: ids.settings.maxAge, Availability: ids.availabilities[n]}),
		})
	}
	made.engine = query.NewEngine(made.clusters, ids.settings.patience())
	return made
}

// drop drops what nobody has asked for of late and, the one that has waited
// longest first, what is too much. The caller holds mu.
func (ids *identities) drop(now time.Time) {
	bytes := 0
	for who, kept := range ids.kept {
		if now.Sub(kept.asked) > identityAge {
			delete(ids.kept, who)
			continue
		}
		bytes += kept.bytes()
	}
	for len(ids.kept) > 1 && (len(ids.kept) > maxIdentities || bytes > maxIdentityBytes) {
		var oldest [sha256.Size]byte
		for who, kept := range ids.kept {
			if first := ids.kept[oldest]; first == nil || kept.asked.Before(first.asked) {
				oldest = who
			}
		}
		bytes -= ids.kept[oldest].bytes()
		delete(ids.kept, oldest)
	}
}

// expire drops what no request has used of late, also if there are none any more.
func (ids *identities) expire() {
	ids.mu.Lock()
	defer ids.mu.Unlock()
	ids.drop(time.Now())
	ids.sweep = nil
	if len(ids.kept) > 0 {
		ids.sweep = time.AfterFunc(identityAge, ids.expire)
	}
}

func (ids *identities) close() {
	ids.mu.Lock()
	defer ids.mu.Unlock()
	if ids.sweep != nil {
		ids.sweep.Stop()
	}
}

// collectors are those of all who are kept.
func (ids *identities) collectors() (all []*collector.Collector) {
	ids.mu.Lock()
	defer ids.mu.Unlock()
	for _, kept := range ids.kept {
		for _, cluster := range kept.clusters {
			all = append(all, cluster.Collector)
		}
	}
	return all
}

// size is how many are kept, and about how much memory their samples take.
func (ids *identities) size() (count, bytes int) {
	ids.mu.Lock()
	defer ids.mu.Unlock()
	for _, kept := range ids.kept {
		bytes += kept.bytes()
	}
	return len(ids.kept), bytes
}

// bytes is about how much memory the identity's samples take.
func (i *identity) bytes() int {
	bytes := identityBytes
	for _, cluster := range i.clusters {
		bytes += subtaskBytes*cluster.Collector.Subtasks() + cluster.Collector.FlameGraphBytes()
	}
	return bytes
}
