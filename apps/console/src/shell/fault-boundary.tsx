import { Button } from '@mantine/core';
import { Component, type ReactNode } from 'react';
import { EmptyState } from '../ui/empty-state.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Panel } from '../ui/panel.tsx';

interface FaultBoundaryProps {
  /** The address. At another one the error is forgotten. */
  readonly path: string;
  readonly children: ReactNode;
}

/** Keeps an error of a page from emptying the whole console, and offers a way on. */
export class FaultBoundary extends Component<FaultBoundaryProps, { readonly fault: string | undefined }> {
  override state = { fault: undefined };

  static getDerivedStateFromError(error: unknown) {
    return { fault: String(error) };
  }

  override componentDidUpdate({ path }: FaultBoundaryProps) {
    if (path !== this.props.path && this.state.fault !== undefined) this.setState({ fault: undefined });
  }

  override render() {
    const { fault } = this.state;
    if (fault === undefined) return this.props.children;
    return (
      <>
        <PageHead title="This page has an error" />
        <Panel>
          <EmptyState
            title="The console cannot show this"
            action={<Button onClick={() => this.setState({ fault: undefined })}>Show it again</Button>}
          >
            What you typed is kept. Choose another page, or try this one again. The error is:
            <span className="code"> {fault}</span>
          </EmptyState>
        </Panel>
      </>
    );
  }
}
