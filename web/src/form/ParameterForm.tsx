import { Button, Collapse } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import type { ReactNode } from 'react';

import { FieldInput } from './FieldInput';
import classes from './form.module.css';
import type { Field } from './schema';
import type { Faults } from './validate';

export interface ParameterFormProps {
  fields: readonly Field[];
  values: Readonly<Record<string, unknown>>;
  onChange: (name: string, value: unknown) => void;
  faults: Faults;
  sourceOf: (field: Field) => ReactNode;
}

/** A recipe's parameters in groups; what few people change is folded away until asked for, or wrong. */
export function ParameterForm(props: ParameterFormProps) {
  const plain = props.fields.filter(({ advanced }) => !advanced);
  const advanced = props.fields.filter((field) => field.advanced);
  const [opened, unfold] = useDisclosure(false);
  const wrong = Object.keys(props.faults).some((path) => advanced.some(({ name }) => path === name || path.startsWith(`${name}.`)));
  const open = opened || wrong;
  return (
    <>
      <Groups {...props} fields={plain} />
      {advanced.length > 0 && (
        <>
          <Button
            variant="subtle"
            size="compact-sm"
            aria-expanded={open}
            leftSection={open ? <IconChevronDown size={15} /> : <IconChevronRight size={15} />}
            onClick={unfold.toggle}
            mb="xs"
          >
            Advanced ({advanced.length})
          </Button>
          <Collapse in={open}>
            <Groups {...props} fields={advanced} />
          </Collapse>
        </>
      )}
    </>
  );
}

function Groups({ fields, values, onChange, faults, sourceOf }: ParameterFormProps) {
  const names = [...new Set(fields.map(({ group }) => group))];
  return (
    <>
      {names.map((group) => (
        <fieldset key={group} className={classes.group}>
          {group && <legend>{group}</legend>}
          <div className={classes.grid}>
            {fields
              .filter((field) => field.group === group)
              .map((field) => (
                <div key={field.name} className={field.kind.is === 'table' || field.kind.is === 'object' || field.kind.is === 'json' ? classes.wide : undefined}>
                  <FieldInput
                    field={field}
                    value={values[field.name]}
                    onChange={(value) => onChange(field.name, value)}
                    faults={faults}
                    path={field.name}
                    source={sourceOf(field)}
                  />
                </div>
              ))}
          </div>
        </fieldset>
      ))}
    </>
  );
}
