import { css } from '@emotion/css';
import { type GrafanaTheme2, type SelectableValue } from '@grafana/data';
import { Field, Select, useStyles2 } from '@grafana/ui';
import React, { useId, useRef, useState } from 'react';

import { type Choice } from './queryTypes';

interface Props {
  label: string;
  choices: Choice[];
  value?: string;
  /** The choice that the value is, where it need not be in the menu. */
  known?: Choice;
  width?: number;
  onChange: (value: string) => void;
}

/** One of several, with a line of help each; a value that is none of them is shown as it is. */
export function ChoiceField({ label, choices, value, known, width = 32, onChange }: Props) {
  const id = useId();
  const field = useRef<HTMLDivElement>(null);
  const [room, setRoom] = useState<Room>(roomBelow);
  const styles = useStyles2(optionStyles);
  const chosen = choices.find((choice) => choice.value === value) ?? known;
  const shown: SelectableValue<string> | null = chosen ? option(chosen) : value ? { value, label: String(value).slice(0, 100) } : null;
  const help = [chosen?.description, chosen?.panel && `Panel: ${chosen.panel}`].filter(Boolean).join('. ');
  return (
    <div ref={field}>
      <Field label={label} description={help || undefined} htmlFor={id} noMargin style={{ maxWidth: `${width * 12}px` }}>
        <Select
          inputId={id}
          options={grouped(choices)}
          value={shown}
          width={width}
          formatOptionLabel={(choice, { context }) => (context === 'menu' ? <Line {...choice} styles={styles} /> : choice.label)}
          menuShouldPortal
          menuPlacement={room.placement}
          maxMenuHeight={room.height}
          onOpenMenu={() => setRoom(roomAround(field.current))}
          onChange={(choice) => choice.value && onChange(choice.value)}
        />
      </Field>
    </div>
  );
}

/** A choice as the menu takes it: its help stands in the same line, so that all choices fit. */
const option = ({ value, label, description, panel }: Choice) => ({ value, label, help: description, panel });

/** The choices below their headings, in order. */
function grouped(choices: Choice[]): Array<SelectableValue<string>> {
  const headings = [...new Set(choices.map(({ group }) => group))];
  return headings.flatMap((heading): Array<SelectableValue<string>> => {
    const below = choices.filter(({ group }) => group === heading).map(option);
    // Grafana 10.4 folds headings up otherwise.
    return heading ? [{ label: heading, options: below, expanded: true }] : below;
  });
}

function Line({ label, help, panel, styles }: SelectableValue<string> & { styles: ReturnType<typeof optionStyles> }) {
  return (
    <span className={styles.line}>
      <span className={styles.label}>{label}</span>
      <span className={styles.help}>{help}</span>
      {panel && <span className={styles.panel}>{panel}</span>}
    </span>
  );
}

const optionStyles = (theme: GrafanaTheme2) => {
  const aside = { color: theme.colors.text.secondary, fontSize: theme.typography.bodySmall.fontSize, fontWeight: theme.typography.fontWeightRegular };
  return {
    // An option's own padding is twice what one line needs.
    line: css({ alignItems: 'baseline', display: 'flex', gap: theme.spacing(2), margin: theme.spacing(-0.5, 0), maxWidth: '80vw' }),
    label: css({ minWidth: 140 }),
    help: css({ ...aside, flexGrow: 1, overflow: 'hidden', textOverflow: 'ellipsis' }),
    panel: css({ ...aside, fontStyle: 'italic' }),
  };
};

/** Where a menu opens, and how high it may be there, in pixels. */
interface Room {
  placement: 'top' | 'bottom';
  height: number;
}

/** As high as the longest menu is. */
const enough = 640;

const roomBelow: Room = { placement: 'bottom', height: enough };

/** The side of a field that has enough room for the menu, or more of it. */
function roomAround(field: Element | null): Room {
  const { top, bottom } = field?.getBoundingClientRect() ?? { top: 0, bottom: 0 };
  const below = window.innerHeight - bottom;
  return below >= enough || below >= top ? roomBelow : { placement: 'top', height: enough };
}
