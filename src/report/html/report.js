// The report's script: lists findings and draws timelines from the columns in #data. Text from captures reaches the page
// only through textContent; state lives in the fragment, so that a view can be mailed.
'use strict';
(() => {
  const SEVERITIES = ['critical', 'high', 'medium', 'low'];
  const VIEWS = ['findings', 'cases', 'map', 'variants', 'rules', 'notes'];
  const ROW = 58; // pixels; the style sheet gives rows this height
  const MOST_LANES = 8;
  const ITEM = '\u001f';

  const $ = (id) => document.getElementById(id);

  function el(tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === undefined || value === null || value === false) continue;
      if (name === 'class') node.className = value;
      else if (name === 'onclick') node.addEventListener('click', value);
      else node.setAttribute(name, value === true ? '' : value);
    }
    for (const child of children.flat()) {
      if (child !== undefined && child !== null) node.append(child); // strings become text nodes
    }
    return node;
  }

  // Replaces what a node holds; absent children are left out.
  const fill = (node, ...children) => node.replaceChildren(...children.filter((child) => child !== null && child !== undefined));

  // ---- columns ------------------------------------------------------------------------------------------------------

  async function load() {
    const text = atob($('data').textContent.trim());
    const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
    const data = JSON.parse(await new Response(stream).text());
    $('data').remove();
    return data;
  }

  // A text column: values count back from the newest entry of the dictionary, 0 being a new one.
  function texts(column) {
    const places = new Uint32Array(column.v.length);
    let newest = 0;
    column.v.forEach((value, row) => { places[row] = value === 0 ? newest++ : newest - value; });
    return (row) => column.d[places[row]];
  }

  function lists(column) {
    const text = texts(column);
    return (row) => { const value = text(row); return value ? value.split(ITEM) : []; };
  }

  function instants(steps) {
    const times = new Float64Array(steps.length);
    let now = 0;
    steps.forEach((step, row) => { now += step; times[row] = now; });
    return (row) => times[row];
  }

  function starts(counts) {
    const first = new Uint32Array(counts.length + 1);
    counts.forEach((count, row) => { first[row + 1] = first[row] + count; });
    return first;
  }

  class Findings {
    constructor(columns) {
      this.count = columns.count;
      const others = new Map(columns.id.others);
      this.id = (row) => others.get(row) || 'F' + columns.id.digits.substr(row * 12, 12);
      for (const name of ['fingerprint', 'rule', 'severity', 'verdict', 'principal', 'agent', 'client', 'identity',
        'object_type', 'object', 'activity', 'constraint', 'suppressed', 'class', 'baseline', 'returned']) this[name] = texts(columns[name]);
      for (const name of ['terms', 'taxonomy']) this[name] = lists(columns[name]);
      this.confidence = (row) => columns.confidence[row] / 100;
      this.time = instants(columns.time);
      // Marks stand for the row's own object and actor.
      this.full = (text, row) => text.replaceAll('\u0001', this.object(row)).replaceAll('\u0002', this.principal(row));
      for (const name of ['title', 'case', 'why', 'fix']) {
        const text = texts(columns[name]);
        this[name] = (row) => this.full(text(row), row);
      }
      for (const name of ['expected', 'observed']) {
        const items = lists(columns[name]);
        this[name] = (row) => items(row).map((item) => this.full(item, row));
      }
      this.rank = Uint8Array.from({ length: this.count }, (_, row) => {
        const rank = SEVERITIES.indexOf(this.standing(row));
        return rank < 0 ? SEVERITIES.length : rank;
      });
    }

    // What is too uncertain to count stands behind all severities.
    standing(row) {
      return this.confidence(row) < 0.5 ? 'review' : this.severity(row);
    }

    // What the text search looks through; made once, when first needed.
    haystack(row) {
      this.haystacks ||= Array.from({ length: this.count }, (_, r) => [this.id(r), this.title(r), this.rule(r),
        this.principal(r), this.agent(r), this.client(r), this.case(r), this.object(r), this.activity(r),
        this.constraint(r)].join('\n').toLowerCase());
      return this.haystacks[row];
    }
  }

  class Evidence {
    constructor(columns) {
      this.first = starts(columns.counts);
      this.rows = columns.counts.length;
      for (const name of ['role', 'origin', 'principal', 'activity', 'method', 'path']) {
        this[name] = texts(columns[name]);
      }
      this.event = (row) => columns.event[row] - 1; // row of a timeline, -1 without one
      this.after = (row) => columns.time[row] * 1000; // microseconds after the finding's time
      this.offset = (row) => columns.offset[row];
      this.status = (row) => columns.status[row];
    }

    of(finding) {
      if (finding >= this.rows) return null;
      const rows = [];
      for (let row = this.first[finding]; row < this.first[finding + 1]; row++) rows.push(row);
      return rows;
    }
  }

  class Cases {
    constructor(columns) {
      this.first = starts(columns.counts);
      this.count = columns.counts.length;
      this.leftOut = columns.left_out;
      const name = texts(columns.case);
      this.names = Array.from({ length: this.count }, (_, row) => name(row));
      this.place = new Map(this.names.map((text, row) => [text, row]));
      for (const field of ['principal', 'agent', 'activity', 'request', 'outcome', 'origin']) {
        this[field] = texts(columns[field]);
      }
      for (const field of ['objects', 'before', 'state']) this[field] = lists(columns[field]);
      this.time = instants(columns.time);
      this.duration = (row) => columns.duration[row];
      this.status = (row) => columns.status[row];
    }
  }

  // ---- words and figures --------------------------------------------------------------------------------------------

  const number = new Intl.NumberFormat('en').format;

  function utc(micros) {
    const date = new Date(Math.floor(micros / 1000));
    if (Number.isNaN(date.getTime())) return '';
    return date.toISOString().replace('T', ' ').replace('Z', '');
  }

  function span(micros) {
    const seconds = Math.abs(micros) / 1e6;
    const two = (value) => String(value).padStart(2, '0');
    if (seconds < 0.001) return Math.round(seconds * 1e6) + ' µs';
    if (seconds < 1) return Math.round(seconds * 1000) + ' ms';
    if (seconds < 60) return seconds.toFixed(1) + ' s';
    const whole = Math.floor(seconds);
    if (whole < 3600) return Math.floor(whole / 60) + ' min ' + two(whole % 60) + ' s';
    if (whole < 86400) return Math.floor(whole / 3600) + ' h ' + two(Math.floor(whole % 3600 / 60)) + ' min';
    return Math.floor(whole / 86400) + ' d ' + two(Math.floor(whole % 86400 / 3600)) + ' h';
  }

  // In full, for times that lie close together: 3 h 38 min 05.123 s.
  function exact(micros) {
    const whole = Math.floor(micros / 1e6);
    const parts = [[Math.floor(whole / 86400), 'd'], [Math.floor(whole % 86400 / 3600), 'h'], [Math.floor(whole % 3600 / 60), 'min']];
    const seconds = (whole % 60) + '.' + String(Math.floor(micros % 1e6 / 1000)).padStart(3, '0');
    return [...parts.filter(([count]) => count).map(([count, unit]) => count + ' ' + unit), seconds + ' s'].join(' ');
  }

  // Text with `code` in it, as nodes.
  const prose = (text) => text.split('`').map((part, place, all) => place % 2 && place < all.length - 1 ? el('code', {}, part) : place % 2 ? '`' + part : part);

  const plural = (count, one, many) => number(count) + ' ' + (count === 1 ? one : many);
  const badge = (severity) => el('span', { class: 'badge ' + (SEVERITIES.includes(severity) ? severity : '') }, severity);

  // A word a shell takes as it is; anything else in single quotes.
  const shell = (text) => /^[\w@%+=:,./-]+$/.test(text) ? text : "'" + text.replaceAll("'", "'\\''") + "'";

  // A report that still lies in its run folder can name it to the command.
  function command(what) {
    const here = location.protocol === 'file:' && /^(.*)\/report\.html$/.exec(location.pathname);
    const folder = here ? decodeURIComponent(here[1]).replace(/^\/([A-Za-z]:)/, '$1') : '';
    return 'offpath show ' + shell(what) + (folder ? ' --run ' + shell(folder) : '');
  }

  // ---- state in the fragment ----------------------------------------------------------------------------------------

  const DEFAULTS = { q: '', severity: '', rule: '', verdict: '', state: '', group: 'cause', sort: 'severity', suppressed: '', f: '', case: '', step: '', least: '', theme: '' };
  const state = { view: 'findings', ...DEFAULTS };

  function readFragment() {
    const [view, query] = location.hash.replace(/^#/, '').split('?', 2);
    Object.assign(state, DEFAULTS, { view: VIEWS.includes(view) ? view : 'findings' });
    for (const [name, value] of new URLSearchParams(query || '')) if (name in DEFAULTS) state[name] = value;
    if (!['cause', 'rule', 'actor', 'both', 'case', 'none'].includes(state.group)) state.group = DEFAULTS.group;
    if (!['severity', 'confidence', 'time'].includes(state.sort)) state.sort = DEFAULTS.sort;
  }

  function writeFragment() {
    const query = new URLSearchParams();
    for (const name of Object.keys(DEFAULTS)) if (state[name] !== DEFAULTS[name]) query.set(name, state[name]);
    const text = query.toString();
    history.replaceState(null, '', '#' + state.view + (text ? '?' + text : ''));
  }

  // ---- the list of findings -----------------------------------------------------------------------------------------

  class List {
    constructor(findings, titles, onSelect) {
      this.findings = findings;
      this.titles = titles;
      this.onSelect = onSelect;
      this.box = $('list');
      this.spacer = $('spacer');
      this.rows = []; // {group} or {finding, group}
      this.groups = [];
      this.open = new Map();
      this.cursor = 0;
      this.box.addEventListener('scroll', () => this.paint(), { passive: true });
      this.box.addEventListener('keydown', (event) => this.key(event));
      this.box.addEventListener('focus', () => this.paint());
      new ResizeObserver(() => this.paint()).observe(this.box);
    }

    keyOf(row) {
      const f = this.findings;
      if (state.group === 'cause') return f.fingerprint(row) + ITEM + f.class(row);
      if (state.group === 'rule') return f.rule(row);
      if (state.group === 'actor') return f.principal(row) || 'not identified';
      if (state.group === 'both') return f.rule(row) + ' · ' + (f.principal(row) || 'not identified');
      if (state.group === 'case') return f.case(row) || 'no case';
      return '';
    }

    // Filters, sorts and groups; the order of the data settles ties.
    update() {
      const f = this.findings;
      const severities = state.severity ? state.severity.split(',') : null;
      const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
      const found = [];
      for (let row = 0; row < f.count; row++) {
        if (!state.suppressed && f.suppressed(row)) continue;
        if (severities && !severities.includes(f.severity(row))) continue;
        if (state.rule && f.rule(row) !== state.rule) continue;
        if (state.verdict && f.verdict(row) !== state.verdict) continue;
        if (state.state && f.baseline(row) !== state.state) continue;
        if (words.length && !words.every((word) => f.haystack(row).includes(word))) continue;
        found.push(row);
      }
      if (state.sort === 'confidence') found.sort((a, b) => f.confidence(b) - f.confidence(a) || a - b);
      else if (state.sort === 'time') found.sort((a, b) => f.time(a) - f.time(b) || a - b);
      else found.sort((a, b) => f.rank[a] - f.rank[b] || a - b);
      this.found = found;
      this.group();
      const all = f.count;
      $('shown').textContent = 'Showing ' + number(found.length) + ' of ' + plural(all, 'finding', 'findings') +
        (state.group === 'none' ? '' : ' in ' + plural(this.groups.length, 'group', 'groups'));
      this.flatten();
    }

    group() {
      const f = this.findings;
      if (state.group === 'none') { this.groups = [{ key: '', rows: this.found }]; return; }
      const groups = new Map();
      for (const row of this.found) {
        const key = this.keyOf(row);
        let group = groups.get(key);
        if (!group) groups.set(key, group = { key, rows: [], rank: 9, actors: new Set(), cases: new Set(), fresh: 0, first: Infinity, last: -Infinity });
        group.rows.push(row);
        if (f.rank[row] < group.rank) { group.rank = f.rank[row]; group.example = row; }
        group.first = Math.min(group.first, f.time(row));
        group.last = Math.max(group.last, f.time(row));
        if (f.baseline(row) === 'new') group.fresh++;
        group.actors.add(f.principal(row));
        group.cases.add(f.case(row));
      }
      this.groups = [...groups.values()];
      if (state.sort === 'severity') this.groups.sort((a, b) => a.rank - b.rank || b.rows.length - a.rows.length);
    }

    // Few findings are all open; of many, only the first group is.
    isOpen(group, place) {
      const chosen = this.open.get(state.group + ITEM + group.key);
      return chosen === undefined ? this.found.length <= 60 || place === 0 && group.rows.length <= 200 : chosen;
    }

    flatten() {
      this.rows = [];
      this.groups.forEach((group, place) => {
        if (state.group !== 'none') {
          group.opened = this.isOpen(group, place);
          this.rows.push({ group });
          if (!group.opened) return;
        }
        for (const finding of group.rows) this.rows.push({ group, finding });
      });
      this.cursor = Math.max(0, Math.min(this.cursor, this.rows.length - 1));
      const chosen = this.rows.findIndex((row) => row.finding !== undefined && this.findings.id(row.finding) === state.f);
      if (chosen >= 0) this.cursor = chosen;
      this.spacer.style.height = this.rows.length * ROW + 'px';
      this.paint();
    }

    paint() {
      const from = Math.max(0, Math.floor(this.box.scrollTop / ROW) - 4);
      const to = Math.min(this.rows.length, Math.ceil((this.box.scrollTop + this.box.clientHeight) / ROW) + 4);
      const nodes = [];
      for (let place = from; place < to; place++) nodes.push(this.row(place));
      if (!this.rows.length) nodes.push(el('p', { class: 'empty' }, this.findings.count ? 'No finding fits these filters.' : 'No findings.'));
      this.spacer.replaceChildren(...nodes);
      const active = this.rows.length ? 'row-' + this.cursor : '';
      if (active && this.cursor >= from && this.cursor < to) this.box.setAttribute('aria-activedescendant', active);
      else this.box.removeAttribute('aria-activedescendant');
    }

    row(place) {
      const { group, finding } = this.rows[place];
      const isGroup = finding === undefined;
      const chosen = !isGroup && this.findings.id(finding) === state.f;
      const node = el('div', {
        id: 'row-' + place, role: 'treeitem', 'aria-level': isGroup || state.group === 'none' ? 1 : 2,
        'aria-expanded': isGroup ? String(group.opened) : undefined,
        'aria-selected': isGroup ? undefined : String(chosen),
        'aria-posinset': isGroup ? this.groups.indexOf(group) + 1 : undefined,
        'aria-setsize': isGroup ? this.groups.length : group.rows.length,
        class: 'row' + (isGroup ? ' group' : '') + (chosen ? ' chosen' : '') + (place === this.cursor ? ' cursor' : ''),
        onclick: () => { this.cursor = place; this.act(); },
      }, isGroup ? this.groupCells(group) : this.findingCells(finding));
      node.style.transform = 'translateY(' + place * ROW + 'px)';
      return node;
    }

    groupCells(group) {
      const counts = [plural(group.rows.length, 'finding', 'findings')];
      if (!['actor', 'both'].includes(state.group)) counts.push(plural(group.actors.size, 'actor', 'actors'));
      if (state.group !== 'case') counts.push(plural(group.cases.size, 'case', 'cases'));
      if (group.fresh) counts.push(number(group.fresh) + ' new');
      if (state.group === 'cause') return this.causeCells(group, counts);
      const name = state.group === 'rule' && this.titles[group.key] ? [el('span', { class: 'mono' }, group.key), ' · ', this.titles[group.key]] : group.key;
      return [el('span', { class: 'twist', 'aria-hidden': 'true' }, group.opened ? '▾' : '▸'),
        badge(SEVERITIES[group.rank] || 'review'),
        el('span', { class: 'words' }, el('span', { class: 'title' }, name),
          el('span', { class: 'meta' }, counts.join(' · ')))];
    }

    // One cause: what its gravest finding says, how far it reaches, and the command that shows that finding.
    causeCells(group, counts) {
      const f = this.findings;
      const times = [group.first, group.last].map((time) => utc(time).slice(0, 19));
      const when = times[0] === times[1] ? times[0] : times.join(' to ');
      const meta = [f.rule(group.example), ...counts, f.class(group.example), when, command(f.id(group.example))];
      return [el('span', { class: 'twist', 'aria-hidden': 'true' }, group.opened ? '▾' : '▸'),
        badge(SEVERITIES[group.rank] || 'review'),
        el('span', { class: 'words' }, el('span', { class: 'title' }, f.title(group.example)),
          el('span', { class: 'meta' }, meta.filter(Boolean).join(' · ')))];
    }

    findingCells(finding) {
      const f = this.findings;
      const meta = [['cause', 'rule', 'both'].includes(state.group) ? null : f.rule(finding),
        f.object(finding) && f.object_type(finding) + ' ' + f.object(finding), f.principal(finding) || 'not identified',
        utc(f.time(finding)).slice(0, 19), f.verdict(finding), 'confidence ' + f.confidence(finding).toFixed(2)];
      if (f.baseline(finding)) meta.push(f.baseline(finding));
      if (f.suppressed(finding)) meta.push('suppressed');
      return [badge(f.standing(finding)), el('span', { class: 'words' },
        el('span', { class: 'title' }, f.title(finding)), el('span', { class: 'meta' }, meta.filter(Boolean).join(' · ')))];
    }

    act() {
      const row = this.rows[this.cursor];
      if (!row) return;
      if (row.finding === undefined) {
        this.open.set(state.group + ITEM + row.group.key, !row.group.opened);
        this.flatten();
      } else {
        state.f = this.findings.id(row.finding);
        writeFragment();
        this.paint();
        this.onSelect(row.finding, true);
      }
    }

    key(event) {
      const row = this.rows[this.cursor];
      const page = Math.max(1, Math.floor(this.box.clientHeight / ROW) - 1);
      const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
      if (event.ctrlKey || event.metaKey || event.altKey || !row) return;
      if (event.key in moves) this.moveTo(this.cursor + moves[event.key]);
      else if (event.key === 'Enter' || event.key === ' ') this.act();
      else if (event.key === 'ArrowRight' && row.finding === undefined && !row.group.opened) this.act();
      else if (event.key === 'ArrowLeft' && row.finding === undefined && row.group.opened) this.act();
      else if (event.key === 'ArrowLeft' && row.finding !== undefined) this.moveTo(this.rows.findIndex((other) => other.group === row.group));
      else return;
      event.preventDefault();
    }

    moveTo(place) {
      this.cursor = Math.max(0, Math.min(this.rows.length - 1, place));
      this.reveal();
    }

    reveal() {
      const top = this.cursor * ROW;
      if (top < this.box.scrollTop) this.box.scrollTop = top;
      else if (top + ROW > this.box.scrollTop + this.box.clientHeight) this.box.scrollTop = top + ROW - this.box.clientHeight;
      this.paint();
    }
  }

  // ---- one finding --------------------------------------------------------------------------------------------------

  function copyable(text, name) {
    const code = el('code', {}, text);
    const button = el('button', { type: 'button', class: 'quiet', 'aria-label': 'Copy ' + name, onclick: async () => {
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = 'Copied';
      } catch {
        getSelection().selectAllChildren(code);
        button.textContent = 'Selected';
      }
    } }, 'Copy');
    return el('div', { class: 'copy' }, code, button);
  }

  // Items in order, some of them marked.
  function path(items, marked, why) {
    if (!items.length) return el('p', { class: 'small' }, 'nothing');
    return el('ol', { class: 'steps' }, items.map((item, place) => el('li', {}, marked.has(place)
      ? el('span', { class: 'differs', title: why }, item, el('span', { class: 'hidden' }, ' (' + why + ')')) : el('span', {}, item))));
  }

  // What was wrong is marked, not what only came before: the deviating step, else the values that differ one by one.
  function wrong(activity, expected, observed) {
    const step = observed.lastIndexOf(activity);
    if (step >= 0) return new Set([step]);
    if (expected.length !== observed.length) return new Set();
    return new Set(observed.map((item, place) => item === expected[place] ? -1 : place));
  }

  // Expected steps that were not seen; of expected states and values nothing is said.
  function absent(activity, expected, observed) {
    if (!expected.includes(activity)) return new Set();
    return new Set(expected.map((item, place) => observed.includes(item) ? -1 : place));
  }

  function fact(name, value) {
    return value ? [el('dt', {}, name), el('dd', {}, value)] : [];
  }

  function evidenceTable(evidence, finding, f) {
    const rows = evidence.of(finding);
    if (!rows) {
      return el('p', { class: 'small' }, 'This page holds the evidence of the worst findings only. For this one: ', el('code', {}, command(f.id(finding))));
    }
    const head = ['UTC', 'Actor', 'Activity', 'Status', 'Request, and where its bytes are'];
    const body = rows.map((row) => el('tr', { class: evidence.role(row) === 'deviating' ? 'deviating' : '' },
      el('td', {}, el('span', { class: 'mono' }, utc(Math.floor(f.time(finding) / 1000) * 1000 + evidence.after(row))), evidence.role(row) === 'deviating' ? el('span', { class: 'small bad' }, ' ▲ deviating') : null),
      el('td', {}, evidence.principal(row) || 'not identified'),
      el('td', {}, evidence.activity(row)),
      el('td', { class: 'n' }, evidence.status(row) ? String(evidence.status(row)) : 'not seen'),
      el('td', { class: 'mono' }, evidence.method(row) + ' ' + f.full(evidence.path(row), finding),
        el('span', { class: 'small block' }, evidence.origin(row) + ', byte ' + number(evidence.offset(row))))));
    return el('div', { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'Evidence' }, el('table', {},
      el('thead', {}, el('tr', {}, head.map((name) => el('th', { scope: 'col' }, name)))), el('tbody', {}, body)));
  }

  function showFinding(page, finding) {
    const { findings: f, evidence, cases } = page;
    const name = f.case(finding);
    const known = cases.place.has(name);
    const actor = [f.principal(finding) || 'not identified', f.agent(finding) && 'through ' + f.agent(finding), f.client(finding) && 'from ' + f.client(finding)].filter(Boolean).join(' ');
    const taxonomy = f.taxonomy(finding);
    const [expected, observed] = [f.expected(finding), f.observed(finding)];
    const sure = f.terms(finding).filter((term) => term.startsWith('confidence ')).map((term) => term.slice('confidence '.length));
    const grave = f.terms(finding).filter((term) => !term.startsWith('confidence '));
    const box = $('detail');
    fill(box,
      el('button', { type: 'button', class: 'quiet back', onclick: () => { state.f = ''; writeFragment(); apply(page); $('list').focus(); } }, '← All findings'),
      el('p', { class: 'tags' }, badge(f.standing(finding)), ' ', el('span', { class: 'tag' }, f.verdict(finding)), ' ',
        el('span', { class: 'tag' }, f.rule(finding)), ' ', el('code', {}, f.id(finding))),
      el('h3', {}, f.title(finding)),
      f.suppressed(finding) ? el('p', { class: 'notice' }, 'Suppressed: ' + f.suppressed(finding)) : null,
      f.returned(finding) ? el('p', { class: 'notice' }, 'Back: ' + f.returned(finding)) : null,
      el('div', { class: 'versus' },
        el('div', {}, el('h4', {}, 'Expected'), path(expected, absent(f.activity(finding), expected, observed), 'not seen')),
        el('div', {}, el('h4', {}, 'Seen'), path(observed, wrong(f.activity(finding), expected, observed), 'deviates'))),
      el('p', {}, prose(f.why(finding))),
      f.fix(finding) ? el('p', {}, el('strong', {}, 'To fix: '), prose(f.fix(finding))) : null,
      el('dl', { class: 'pairs' },
        fact('When', utc(f.time(finding)) + ' UTC'),
        fact('Who', actor + (f.identity(finding) ? ', known by ' + f.identity(finding) : '')),
        fact('Object', f.object(finding) && f.object_type(finding) + ' ' + f.object(finding)),
        fact('Case', name && (known ? el('a', { href: '#cases?case=' + encodeURIComponent(name) }, name) : name)),
        fact('Activity', f.activity(finding)),
        fact('Constraint', f.constraint(finding)),
        fact('Severity', f.severity(finding) + (grave.length ? ': ' + grave.join(', ') : '')),
        fact('Confidence', f.confidence(finding).toFixed(2) + (f.confidence(finding) < 0.5 ? ', for review only' : '') +
          (sure.length ? ': the lowest of ' + sure.join(', ') : '')),
        fact('Taxonomy', taxonomy.join('; ')),
        fact('Baseline', f.baseline(finding)),
        fact('Fingerprint', el('code', { title: 'the same over runs and cases' }, f.fingerprint(finding)))),
      el('h4', {}, 'Evidence'),
      evidenceTable(evidence, finding, f),
      el('h4', {}, 'Look closer'),
      copyable(command(f.id(finding)), 'the command'),
      copyable('offpath explain ' + shell(f.rule(finding)), 'the command'),
      f.suppressed(finding) ? null : copyable(command(f.id(finding)).replace('offpath show', 'offpath findings suppress') + " --reason '' --until ", 'the command'),
      ...(known ? [el('h4', {}, 'Its case'), timeline(page, cases.place.get(name), finding)] : []),
    );
  }

  // ---- a case as swimlanes ------------------------------------------------------------------------------------------

  // Events deviating by a finding's evidence, with the findings that say so.
  function marks(page) {
    if (page.marks) return page.marks;
    page.marks = new Map();
    for (let finding = 0; finding < Math.min(page.findings.count, page.evidence.rows); finding++) {
      for (const row of page.evidence.of(finding)) {
        if (page.evidence.role(row) !== 'deviating') continue;
        const event = page.evidence.event(row);
        if (event < 0) continue;
        if (!page.marks.has(event)) page.marks.set(event, []);
        page.marks.get(event).push(finding);
      }
    }
    return page.marks;
  }

  function laneNames(cases, from, to) {
    const counts = new Map();
    for (let row = from; row < to; row++) {
      const name = cases.principal(row) || 'not identified';
      counts.set(name, (counts.get(name) || 0) + 1);
    }
    const names = [...counts.keys()];
    if (names.length <= MOST_LANES) return names;
    const kept = new Set([...names].sort((a, b) => counts.get(b) - counts.get(a)).slice(0, MOST_LANES - 1));
    return [...names.filter((name) => kept.has(name)), null]; // null: all others
  }

  function timeline(page, place, shownFinding) {
    const { cases, findings } = page;
    const [from, to] = [cases.first[place], cases.first[place + 1]];
    const lanes = laneNames(cases, from, to);
    const begin = from < to ? cases.time(from) : 0;
    const near = (row) => row > from && cases.time(row) - cases.time(row - 1) < 1e6 || row + 1 < to && cases.time(row + 1) - cases.time(row) < 1e6;
    const together = overlapping(cases, from, to);
    const typical = median(Array.from({ length: Math.max(0, to - from - 1) }, (_, step) => cases.time(from + step + 1) - cases.time(from + step)));
    const head = el('tr', {}, el('th', { scope: 'col', class: 'n' }, 'After'),
      lanes.map((name, lane) => el('th', { scope: 'col', class: 'lane', title: name || 'other actors' }, el('span', { class: 'lane-no' }, String(lane + 1)))),
      ['Activity', 'State after', 'Status', 'Took', 'Request, and where it is', 'UTC'].map((name) => el('th', { scope: 'col' }, name)));
    const body = [];
    for (let row = from; row < to; row++) {
      const pause = row > from ? cases.time(row) - cases.time(row - 1) : 0;
      if (pause > 60e6 && pause > 4 * typical) {
        body.push(el('tr', { class: 'pause' }, el('td', { colspan: 7 + lanes.length }, '⋮ ' + span(pause) + ' without an event')));
      }
      const after = cases.time(row) - begin;
      body.push(timelineRow(page, row, lanes, near(row) ? exact(after) : after ? span(after) : '0', together.has(row), shownFinding));
    }
    const who = el('ol', { class: 'lanes' }, lanes.map((name) => el('li', {}, name || 'other actors')));
    return el('div', {}, el('p', { class: 'small' }, 'Actors, one lane each:'), who,
      el('div', { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'Timeline of ' + cases.names[place] },
        el('table', { class: 'timeline' }, el('thead', {}, head), el('tbody', {}, body))),
      together.size ? el('p', { class: 'small' }, '∥ under way while another one was') : null);
  }

  // Rows that were surely under way while another one was; what did not last does not overlap, and of a clock that only
  // tells seconds nobody knows when in its second a row began.
  function overlapping(cases, from, to) {
    const found = new Set();
    const end = (row) => cases.time(row) + cases.duration(row);
    let slack = to - from > 1 ? 1e6 : 0;
    for (let row = from; row < to; row++) if (cases.time(row) % 1e6) slack = 0;
    let latest = -1;
    for (let row = from, next; row < to; row = next) {
      for (next = row + 1; next < to && cases.time(next) === cases.time(row); next++);
      const tick = Array.from({ length: next - row }, (_, place) => row + place).filter((at) => cases.duration(at) > 0);
      const long = tick.filter((at) => cases.duration(at) > slack);
      if (long.length > 1) long.forEach((at) => found.add(at));
      if (latest >= 0) tick.filter((at) => cases.time(at) + slack < end(latest)).forEach((at) => found.add(at).add(latest));
      tick.forEach((at) => { if (latest < 0 || end(latest) < end(at)) latest = at; });
    }
    return found;
  }

  function timelineRow(page, row, lanes, after, together, shownFinding) {
    const { cases, findings } = page;
    const because = marks(page).get(row) || [];
    const principal = cases.principal(row) || 'not identified';
    const lane = lanes.includes(principal) ? lanes.indexOf(principal) : lanes.length - 1;
    const outcome = cases.outcome(row);
    const shape = outcome === 'accepted' ? '●' : outcome === 'rejected' ? '✕' : '○';
    const state = cases.state(row);
    return el('tr', { class: because.length ? 'deviating' : '' },
      el('td', { class: 'n mono' }, '+' + after),
      lanes.map((_, index) => el('td', { class: 'lane' + (index === lane ? ' here ' + outcome : '') },
        index === lane ? el('span', { title: principal + ': ' + outcome }, because.length ? '▲' : shape, el('span', { class: 'hidden' }, principal + ', ' + outcome)) : null)),
      el('td', {}, el('strong', {}, cases.activity(row)), cases.agent(row) ? el('span', { class: 'small' }, ' by agent ' + cases.agent(row)) : null,
        because.filter((finding) => finding !== shownFinding).map((finding) => el('a', { class: 'small block bad', href: '#findings?f=' + encodeURIComponent(findings.id(finding)) }, '▲ ' + findings.rule(finding))),
        because.includes(shownFinding) ? el('span', { class: 'small block bad' }, '▲ this finding') : null),
      el('td', {}, state.length ? state.map((name) => el('span', { class: 'state' }, name)) : el('span', { class: 'small' }, '–')),
      el('td', {}, (cases.status(row) ? cases.status(row) + ' ' : '') + outcome),
      el('td', { class: 'n' + (together ? ' together' : '') }, cases.duration(row) > 0 ? span(cases.duration(row)) : '–',
        together ? el('span', { title: 'under way while another one was' }, ' ∥') : null),
      el('td', { class: 'mono' }, cases.request(row), el('span', { class: 'small block' }, cases.origin(row))),
      el('td', { class: 'mono' }, utc(cases.time(row))));
  }

  function median(values) {
    values.sort((a, b) => a - b);
    return values.length ? values[values.length >> 1] : 0;
  }

  function showCases(page) {
    const { cases } = page;
    const box = $('case-view');
    if (!cases.count) {
      box.replaceChildren(el('p', {}, 'This report holds no timelines. ', el('code', {}, 'offpath show CASE'), ' prints one from the run folder.'));
      return;
    }
    const { names, step } = happened(cases);
    const at = Math.max(0, names.indexOf(state.case));
    const chosen = cases.place.get(names[at]);
    if (!names.length) {
      fill(box, stepNotice(step, 0), el('p', {}, 'None of the timelines in this report has this step: it holds those of cases with findings.'));
      return;
    }
    const input = el('input', { type: 'search', list: 'case-names', value: cases.names[chosen], 'aria-label': 'Case', autocomplete: 'off' });
    const options = el('datalist', { id: 'case-names' }, names.slice(0, 2000).map((name) => el('option', { value: name })));
    const go = (name) => { if (cases.place.has(name)) { state.case = name; writeFragment(); showCases(page); } };
    input.addEventListener('change', () => go(input.value));
    const move = (by, text) => el('button', { type: 'button', class: 'quiet', disabled: names[at + by] === undefined, onclick: () => go(names[at + by]) }, text);
    const missing = state.case && !cases.place.has(state.case);
    fill(box,
      el('form', { class: 'filters' }, el('label', { class: 'grow' }, 'Case ', input), options, move(-1, '← Previous'), move(1, 'Next →')),
      step ? stepNotice(step, names.length) : null,
      missing ? el('p', { class: 'notice' }, 'No timeline of ' + state.case + ' is in this report. To see it: ' + command(state.case)) : null,
      el('p', { class: 'small' }, 'Timeline ' + number(at + 1) + ' of ' + number(names.length) +
        (cases.leftOut ? '; ' + number(cases.leftOut) + ' more did not fit and are in the run folder' : '') + '.'),
      el('h3', {}, cases.names[chosen]), timeline(page, chosen));
    box.querySelector('form').addEventListener('submit', (event) => { event.preventDefault(); go(input.value); });
  }

  // Timelines in which the step of the fragment happened; all of them without one.
  function happened(cases) {
    if (!state.step) return { names: cases.names, step: null };
    const [type, from, label, to] = state.step.split(ITEM);
    const is = (states, name) => name === '?' ? states.length !== 1 : states.includes(name);
    const ofType = (row) => cases.objects(row).find((object) => object.startsWith(type + ':'));
    const names = cases.names.filter((_, place) => {
      const last = new Map(); // object -> activity before, for maps without states
      for (let row = cases.first[place]; row < cases.first[place + 1]; row++) {
        const object = ofType(row);
        if (object === undefined) continue;
        if (label && cases.activity(row) === label && is(cases.before(row), from) && is(cases.state(row), to)) return true;
        if (!label && last.get(object) === from && cases.activity(row) === to) return true;
        last.set(object, cases.activity(row));
      }
      return false;
    });
    return { names, step: { type, from, label, to } };
  }

  function stepNotice(step, count) {
    const words = step.label ? step.label + ' from ' + step.from + ' to ' + step.to : step.from + ', then ' + step.to;
    return el('p', { class: 'notice' }, plural(count, 'timeline', 'timelines') + ' with the step ', el('strong', {}, words), ' of ' + step.type + '. ',
      el('a', { href: '#cases' }, 'All cases'), ' · ', el('a', { href: '#map' }, 'Process map'));
  }

  // ---- the process map: rare steps hidden ---------------------------------------------------------------------------

  const stays = (node) => Boolean(node.dataset.undeclared) || Number(node.dataset.count) >= (Number(state.least) || 0);

  function showSteps() {
    for (const map of document.querySelectorAll('#map .map')) {
      let shown = 0;
      for (const step of map.querySelectorAll('a.step')) {
        const stay = stays(step);
        step.toggleAttribute('hidden', !stay);
        if (stay) shown++;
      }
      for (const line of map.querySelectorAll('g.line')) line.toggleAttribute('hidden', !stays(line));
      for (const labels of map.querySelectorAll('g.labels')) labels.toggleAttribute('hidden', !labels.querySelector('a.step:not([hidden])'));
      const drawing = map.querySelector('.drawing');
      if (!drawing.scrollLeft) drawing.scrollLeft = (drawing.scrollWidth - drawing.clientWidth) / 2;
      const status = map.querySelector('.shown');
      status.textContent = 'Showing ' + number(shown) + ' of ' + plural(Number(status.dataset.all), 'step', 'steps') + '; the table has them all.';
    }
    if ($('least-shown')) $('least-shown').textContent = state.least ? 'those seen fewer than ' + plural(Number(state.least), 'time', 'times') : 'none hidden';
  }

  function prepareSlider() {
    const counts = [...new Set([...document.querySelectorAll('#map a.step')].map((step) => Number(step.dataset.count)))].sort((a, b) => a - b);
    if (counts.length < 3) return;
    const levels = counts.map((count) => count + 1).slice(0, -1);
    const slider = $('least');
    slider.max = levels.length;
    slider.value = levels.filter((level) => level <= Number(state.least)).length;
    slider.addEventListener('input', () => {
      state.least = slider.value === '0' ? '' : String(levels[slider.value - 1]);
      writeFragment();
      showSteps();
    });
    $('least-row').hidden = false;
  }

  // ---- the page -----------------------------------------------------------------------------------------------------

  function fillFilters(page) {
    const f = page.findings;
    const rules = new Map();
    const verdicts = new Set();
    const severities = new Map();
    const reviews = new Map();
    const add = (counts, name) => counts.set(name, (counts.get(name) || 0) + 1);
    for (let row = 0; row < f.count; row++) {
      rules.set(f.rule(row), (rules.get(f.rule(row)) || 0) + 1);
      verdicts.add(f.verdict(row));
      if (!f.suppressed(row)) add(f.confidence(row) < 0.5 ? reviews : severities, f.severity(row));
    }
    const any = (text) => el('option', { value: '' }, text);
    $('rule').replaceChildren(any('any'), ...[...rules].sort(([a], [b]) => a < b ? -1 : 1).map(([rule, count]) => el('option', { value: rule }, rule + ' (' + number(count) + ')')));
    $('verdict').replaceChildren(any('any'), ...['proven', 'accepted', 'attempted', 'suspected'].filter((name) => verdicts.has(name)).map((name) => el('option', { value: name }, name)));
    for (const severity of SEVERITIES) {
      const button = el('button', { type: 'button', class: 'toggle ' + severity, 'data-severity': severity, 'aria-pressed': 'false', onclick: () => {
        const chosen = new Set(state.severity ? state.severity.split(',') : []);
        if (!chosen.delete(severity)) chosen.add(severity);
        state.severity = SEVERITIES.filter((name) => chosen.has(name)).join(',');
        changed(page);
      } }, severity + ' ' + number(severities.get(severity) || 0) +
        (reviews.get(severity) ? ' + ' + number(reviews.get(severity)) + ' for review' : ''));
      $('severities').append(button);
    }
    let waiting;
    $('q').addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(() => { state.q = $('q').value; changed(page); }, 120); });
    $('state-label').hidden = !Array.from({ length: f.count }, (_, row) => row).some((row) => f.baseline(row));
    for (const name of ['rule', 'verdict', 'state', 'group', 'sort']) $(name).addEventListener('change', () => { state[name] = $(name).value; changed(page); });
    $('suppressed').parentElement.hidden = !Array.from({ length: f.count }, (_, row) => row).some((row) => f.suppressed(row));
    $('suppressed').addEventListener('change', () => { state.suppressed = $('suppressed').checked ? '1' : ''; changed(page); });
    $('clear').addEventListener('click', () => { const { view, theme, f: chosen } = state; Object.assign(state, DEFAULTS, { view, theme, f: chosen }); changed(page); });
    $('filters').addEventListener('submit', (event) => event.preventDefault());
  }

  function changed(page) {
    writeFragment();
    page.list.cursor = 0;
    page.list.box.scrollTop = 0;
    showFilters();
    page.list.update();
  }

  function showFilters() {
    const chosen = state.severity ? state.severity.split(',') : [];
    for (const button of $('severities').querySelectorAll('button')) button.setAttribute('aria-pressed', String(chosen.includes(button.dataset.severity)));
    if ($('q') !== document.activeElement) $('q').value = state.q;
    for (const name of ['rule', 'verdict', 'state', 'group', 'sort']) $(name).value = state[name];
    $('suppressed').checked = Boolean(state.suppressed);
  }

  function applyTheme() {
    const theme = ['light', 'dark'].includes(state.theme) ? state.theme : '';
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    $('theme').textContent = 'Theme: ' + (theme || 'auto');
  }

  // Makes the page show what the fragment says.
  function apply(page) {
    applyTheme();
    for (const view of VIEWS) $(view).hidden = view !== state.view;
    document.body.dataset.view = state.view;
    for (const link of document.querySelectorAll('.tabs a')) {
      if (link.getAttribute('href') === '#' + state.view) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    if (state.view === 'cases') showCases(page);
    if (state.view === 'map') showSteps();
    if (state.view !== 'findings') {
      document.body.classList.remove('reading');
      return;
    }
    showFilters();
    page.list.update();
    let finding = -1;
    for (let row = 0; state.f && row < page.findings.count && finding < 0; row++) if (page.findings.id(row) === state.f) finding = row;
    document.body.classList.toggle('reading', finding >= 0);
    if (finding >= 0) {
      showFinding(page, finding);
      page.list.reveal();
    } else if (page.list.found.length) {
      showFinding(page, page.list.rows.find((row) => row.finding !== undefined)?.finding ?? page.list.found[0]); // narrow screens hide it until one is chosen
    } else {
      $('detail').replaceChildren();
    }
    page.list.box.parentElement.classList.toggle('single', !page.findings.count);
  }

  function follow(page, hash) {
    history.pushState(null, '', hash + (state.theme && !hash.includes('theme=') ? (hash.includes('?') ? '&' : '?') + 'theme=' + state.theme : ''));
    readFragment();
    apply(page);
  }

  async function main() {
    readFragment();
    const data = await load();
    const page = { findings: new Findings(data.findings), evidence: new Evidence(data.evidence), cases: new Cases(data.cases) };
    $('worst').hidden = true;
    $('explorer').hidden = false;
    $('theme').hidden = false;
    document.documentElement.classList.add('script');
    page.list = new List(page.findings, data.rules, (finding) => {
      document.body.classList.add('reading');
      showFinding(page, finding);
      $('detail').scrollTop = 0;
      if (matchMedia('(max-width: 900px)').matches) { $('detail').scrollIntoView(); $('detail').focus({ preventScroll: true }); }
    });
    fillFilters(page);
    prepareSlider();
    $('theme').addEventListener('click', () => {
      state.theme = { '': 'dark', dark: 'light', light: '' }[state.theme] ?? 'dark';
      writeFragment();
      applyTheme();
    });
    // Links within the page change the view without a jump; the browser's back button returns.
    document.addEventListener('click', (event) => {
      const link = event.target.closest('a[href^="#"]');
      if (!link || link.classList.contains('skip') || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      follow(page, link.getAttribute('href'));
    });
    addEventListener('hashchange', () => { readFragment(); apply(page); });
    addEventListener('popstate', () => { readFragment(); apply(page); });
    apply(page);
    if (!state.f) scrollTo(0, 0); // the fragment names a view, not a place to jump to
    document.documentElement.dataset.ready = 'true';
  }

  main().catch((error) => {
    $('worst').hidden = false;
    $('worst').prepend(el('p', { class: 'notice' }, 'The interactive part could not start (' + error.message + '); the plain table is below.'));
  });
})();
